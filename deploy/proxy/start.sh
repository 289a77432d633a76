#!/bin/sh
# Fills in the names and starts nginx in the foreground.
set -eu
envsubst '${PORTAL_NAME} ${SUPERSET_NAME}' < /etc/mvd/nginx.conf > /tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
