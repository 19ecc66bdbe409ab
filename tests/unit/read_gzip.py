"""What is in a compressed body, by Python's own gzip."""
import gzip
import sys

with open(sys.argv[1], "rb") as f:
    print(gzip.decompress(f.read()).decode())
