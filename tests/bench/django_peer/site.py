"""The peer of the profile row: the same endpoint as people write it in Django
REST framework, over the same row of the same database, on gunicorn.

It is what `django-admin startproject` makes, with its applications, middleware
and defaults (a database connection a request among them), debug off, JSON only,
one query a request. The environment may set PEER_KEEP=1 for kept connections.

    PEER_DB_SOCKET=… PEER_DB_NAME=… PEER_SECRET=… gunicorn django_peer.site:app
    python3 -m django_peer.site token USER_ID      prints a bearer token
"""
import os
import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY=os.environ["PEER_SECRET"], DEBUG=False, ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__, USE_TZ=True,
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware",
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.middleware.common.CommonMiddleware",
                "django.middleware.csrf.CsrfViewMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.messages.middleware.MessageMiddleware",
                "django.middleware.clickjacking.XFrameOptionsMiddleware"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes",
                    "django.contrib.sessions", "django.contrib.messages",
                    "django_peer", "rest_framework"],
    AUTH_USER_MODEL="django_peer.Person",
    DATABASES={"default": {
        "ENGINE": "django.db.backends.mysql",
        "CONN_MAX_AGE": None if os.environ.get("PEER_KEEP") else 0,
        "NAME": os.environ["PEER_DB_NAME"], "USER": "root",
        "OPTIONS": {"unix_socket": os.environ["PEER_DB_SOCKET"],
                    "charset": "utf8mb4"}}},
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES":
            ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
)
django.setup()

from django.core.wsgi import get_wsgi_application           # noqa: E402
from django.urls import path                                # noqa: E402
from rest_framework import serializers                      # noqa: E402
from rest_framework.generics import RetrieveUpdateAPIView   # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken     # noqa: E402

from django_peer.models import Person                       # noqa: E402


class PersonSerializer(serializers.ModelSerializer):
    phone_number = serializers.CharField(source="phone")
    is_verified = serializers.SerializerMethodField()

    class Meta:
        model = Person
        fields = ["id", "first_name", "last_name", "phone_number", "email",
                  "birthday", "gender", "locale", "time_zone", "is_active",
                  "is_staff", "is_superuser", "is_verified"]

    def get_is_verified(self, person):
        return bool(person.phone_verified_at or person.email_verified_at)


class Profile(RetrieveUpdateAPIView):
    serializer_class = PersonSerializer

    def get_object(self):
        return self.request.user


urlpatterns = [path("api/auth/profile/", Profile.as_view())]
app = get_wsgi_application()

if __name__ == "__main__":
    token = AccessToken()
    token["user_id"] = int(sys.argv[2])
    print(token)
