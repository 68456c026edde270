# docker build -t juwei .
# Behind a module mirror: docker build --build-arg GOPROXY=https://mirror.example,direct -t juwei .

FROM golang:1.26 AS build
ARG GOPROXY
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /bot ./bot

# Nothing but the program and the certificates it checks WeCom with: no shell, no package
# manager. The time zones are inside the program.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /bot /bot
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 CMD ["/bot", "health", "-config", "/etc/juwei"]
ENTRYPOINT ["/bot"]
CMD ["serve", "-config", "/etc/juwei"]
