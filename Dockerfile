# The image serves every page and needs nothing but its environment (see README, Settings).
# Its root file system may be read-only; only /tmp is written to: photos while they come in, up to
# 30 MB a request, which are memory where /tmp is a tmpfs.
FROM python:3.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv
COPY requirements.txt .
# What serves needs no pip: the base image's installs for it.
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --require-hashes -r requirements.txt
COPY manage.py .
COPY qdn_site qdn_site
COPY dispatch dispatch
COPY tracking tracking
COPY booking booking
COPY templates templates
COPY static static
# Hashed and compressed once, here; the stage and the key are of this step alone.
RUN QDN_STAGE=development DJANGO_SECRET_KEY=build-only /opt/venv/bin/python manage.py collectstatic --noinput \
 && /opt/venv/bin/python -m compileall -q /srv /opt/venv/lib

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin qdn
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv /srv
WORKDIR /srv
USER 10001
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 QDN_BIND=0.0.0.0:8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:%s/healthz' % os.environ['QDN_BIND'].rpartition(':')[2], timeout=2)"]
# QDN_STAGE has no default: a container that does not know its stage refuses to start.
CMD ["gunicorn", "-c", "python:qdn_site.gunicorn", "qdn_site.wsgi"]
