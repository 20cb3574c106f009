"""Tests of the gallery itself: its API over a real MariaDB and Node.js, its page in a real browser."""
