# Caddy with the paymentexpress module, built from this checkout.
#
#   docker build -f xcaddy.Dockerfile -t caddy-paymentexpress .
#
# docs/operations.md says how to run it.
ARG CADDY_IMAGE=2.11.2

FROM caddy:${CADDY_IMAGE}-builder AS builder
# The builder image may be older than the Caddy that is built: the version is named here.
# XCADDY_SETCAP lets the binary open ports 80 and 443 when it does not run as root.
ENV XCADDY_SETCAP=1
WORKDIR /src
COPY . .
RUN xcaddy build v2.11.9 \
	--output /usr/bin/caddy \
	--with github.com/caddy-paymentexpress/paymentexpress/caddymodule \
	--replace github.com/caddy-paymentexpress/paymentexpress=.

FROM caddy:${CADDY_IMAGE}
COPY --from=builder /usr/bin/caddy /usr/bin/caddy
# The journal of payments is /data/caddy/paymentexpress.db: keep /data.
VOLUME /data
