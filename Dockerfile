# Written from documentation, not run: the machines this was made on have no Docker.
#
#   docker build -t cairn --build-arg VERSION=$(git describe --tags --always) .
#   docker run -p 127.0.0.1:8080:8080 -v cairn:/data cairn
#   docker exec CONTAINER cairn user add NAME

FROM node:22-bookworm-slim AS app
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY vite.config.ts tsconfig.json ./
COPY web web
RUN npm run build

FROM golang:1.26-bookworm AS binary
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=app /src/web/dist web/dist
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/cairn ./cmd/cairn \
 && mkdir /out/data

FROM scratch
COPY --from=binary /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=binary /out/cairn /usr/bin/cairn
# A named volume takes its owner from here; a bound folder must belong to 65532.
COPY --from=binary --chown=65532:65532 /out/data /data
USER 65532:65532
ENV PATH=/usr/bin CAIRN_DATA=/data CAIRN_LISTEN=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/usr/bin/cairn"]
CMD ["serve"]
