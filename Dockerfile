# A static program in an empty image: no shell, no user but ours, nothing to update
# but the program. The root may be read-only; only /data is written to.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
COPY third_party ./third_party
RUN go mod download
COPY . .
ARG VERSION=dev
ENV CGO_ENABLED=0
RUN go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/akari . \
 && mkdir -p /out/data /out/tmp && chmod 1777 /out/tmp

FROM scratch
LABEL org.opencontainers.image.title="akari" \
      org.opencontainers.image.description="Partner support, on the record, where the work already happens: in chat"
# Zone files are inside the program (time/tzdata); certificates are not.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/akari /akari
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
USER 65532:65532
WORKDIR /
# Relative paths of the settings (data/akari.db, data/files, data/spool) lie in /data.
VOLUME ["/data"]
EXPOSE 8080 9090
# The admin port stays on loopback unless the operator opens it (compose.yaml does,
# on an internal network, so that Prometheus can come in).
ENTRYPOINT ["/akari"]
CMD ["serve"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["/akari", "check", "--ready"]
