#!/bin/sh
# Run once by the image of Postgres, on an empty volume. The services get a role that owns their database and nothing
# else. The superuser keeps no password: it is reached on the container's own socket alone.
set -eu
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
create role wakefield login nosuperuser nocreatedb nocreaterole password :'password';
create database wakefield owner wakefield;
alter role postgres password null;
SQL
