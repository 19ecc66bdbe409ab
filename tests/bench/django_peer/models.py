"""The user table as Django sees it."""
from django.db import models


class Person(models.Model):
    phone = models.CharField(max_length=16, null=True)
    email = models.CharField(max_length=254, null=True)
    phone_verified_at = models.DateTimeField(null=True)
    email_verified_at = models.DateTimeField(null=True)
    first_name = models.CharField(max_length=150)
    last_name = models.CharField(max_length=150)
    birthday = models.DateField(null=True)
    gender = models.CharField(max_length=1, null=True)
    locale = models.CharField(max_length=16, null=True)
    time_zone = models.CharField(max_length=64, null=True)
    is_active = models.BooleanField()
    is_staff = models.BooleanField()
    is_superuser = models.BooleanField()

    REQUIRED_FIELDS, USERNAME_FIELD = [], "id"
    is_authenticated, is_anonymous = True, False

    class Meta:
        db_table, managed = "user", False
