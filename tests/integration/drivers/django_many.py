"""Django through a pooler: 30 threads with the ORM, each with a connection of its own.

Prints what each of them saw. Usage: django_many.py PORT DATABASE USER PASSWORD
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import django
from django.conf import settings

port, database, user, password = sys.argv[1:]
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes"], TIME_ZONE="Europe/Lisbon", USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": port,
                           "NAME": database, "USER": user, "PASSWORD": password,
                           "OPTIONS": {"sslmode": "disable"}}})
django.setup()

from django.db import DataError, IntegrityError, connection, models, transaction  # noqa: E402
from django.db.models import Count, F, Q, Value  # noqa: E402
from django.db.models.functions import Concat  # noqa: E402


class Note(models.Model):
    words = models.TextField()

    class Meta:
        app_label = "shop"
        db_table = "notes"


def queries(mine, number, seen):
    Note.objects.bulk_create([Note(words=f"django {number} {row:03}") for row in range(50)])
    seen.append(list(mine.order_by("words").values_list("words", flat=True)[:3]))
    mine.filter(words__endswith="7").update(words=Concat(F("words"), Value(" changed")))
    seen.append(mine.aggregate(all=Count("pk"), changed=Count("pk", filter=Q(words__endswith="changed"))))
    note, made = Note.objects.get_or_create(words=f"django {number} new")
    seen.append((note.words, made, Note.objects.get_or_create(words=f"django {number} new")[1]))
    seen.append(mine.filter(pk=note.pk).exists())


def transactions(mine, number, seen):
    with transaction.atomic():
        locked = mine.select_for_update().order_by("words").first()
        locked.words += "!"
        locked.save()
        try:
            with transaction.atomic():
                Note.objects.create(words=None)
        except IntegrityError as error:
            seen.append(error.__cause__.pgcode)
        after = []
        transaction.on_commit(lambda: after.append("committed"))
    seen.append((locked.words, after))
    try:
        with transaction.atomic():
            mine.delete()
            raise DataError("undone")
    except DataError:
        seen.append(mine.count())


def client(number):
    seen = []
    mine = Note.objects.filter(words__startswith=f"django {number} ")
    mine.delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT '2024-07-01 12:00+00'::timestamptz::text, current_setting('TimeZone')")
        seen.append(cursor.fetchone())
    for _ in range(2):
        queries(mine, number, seen)
        transactions(mine, number, seen)
        mine.delete()
    # A cursor WITH HOLD: from here on the server connection is this client's.
    Note.objects.bulk_create([Note(words=f"django {number} {row:03}") for row in range(300)])
    seen.append(sum(1 for _ in mine.iterator(chunk_size=50)))
    mine.delete()
    connection.close()
    return seen


with ThreadPoolExecutor(30) as threads:
    for number, lines in enumerate(threads.map(client, range(30))):
        for line in lines:
            print(f"{number}: {line}")
