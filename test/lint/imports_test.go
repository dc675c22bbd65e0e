package lint

import (
	"fmt"
	"path"
	"slices"
)

// layers: arrows point down, cmd -> server -> store -> its leaves.
func layers() rule {
	return rule{name: "layers", check: checkLayers, fixtures: []fixture{
		{"cmd/cairn/serve.go", `package main; import "cairn/server"`, ""},
		{"server/dav/put.go", `package dav; import ("cairn/store"; "net/http")`, ""},
		{"store/put.go", `package store; import "cairn/store/pack"`, ""},
		{"store/storetest/x.go", `package storetest; import "cairn/store"`, ""},
		{"store/pack/x_test.go", `package pack; import "cairn/store/storetest"`, ""},
		{"server/server.go", `package server; import "github.com/labstack/echo/v4"`, ""},
		{"server/api/a.go", `package api; import "github.com/labstack/echo/v4"`, ""},
		{"server/oc/oc.go", `package oc; import "cairn/server/dav"`, ""},

		{"store/put.go", `package store; import "net/http"`, "net/http"},
		{"store/pack/x_test.go", `package pack; import "net/http/httptest"`, "net/http/httptest"},
		{"store/put.go", `package store; import "cairn/server/auth"`, "cairn/server/auth"},
		{"store/meta/x.go", `package meta; import "cairn/server"`, "cairn/server"},
		{"store/put.go", `package store; import "cairn/web"`, "cairn/web"},
		{"store/chunk/x.go", `package chunk; import "cairn/store"`, "leaves"},
		{"store/pack/x.go", `package pack; import s "cairn/store"`, "leaves"},
		{"store/object/x.go", `package object; import "cairn/store"`, "leaves"},
		{"store/meta/x.go", `package meta; import "cairn/store"`, "leaves"},
		{"store/put.go", `package store; import "cairn/store/storetest"`, "tests only"},
		{"server/dav/x.go", `package dav; import "cairn/server/transfer"`, ""},
		{"server/transfer/x.go", `package transfer; import "cairn/server/dav"`, "below the doors"},
		{"server/auth/x.go", `package auth; import "cairn/server/api"`, "below the doors"},
		{"server/dav/x.go", `package dav; import "cairn/server/upload"`, "meet in store"},
		{"server/dav/x_test.go", `package dav; import "cairn/server/api"`, "meet in store"},
		{"server/upload/x.go", `package upload; import "cairn/server/dav"`, "meet in store"},
		{"server/api/x.go", `package api; import "cairn/server/upload"`, "meet in store"},
		{"server/dav/x.go", `package dav; import "github.com/labstack/echo/v4"`, "Echo"},
		{"server/auth/x.go", `package auth; import "github.com/labstack/echo/v4/middleware"`, "Echo"},
		{"cmd/cairn/x.go", `package main; import "github.com/labstack/echo/v4"`, "Echo"},
		{"server/mount/x.go", `package mount; import ("cairn/store"; "github.com/hanwen/go-fuse/v2/fuse")`, ""},
		{"server/admin/x.go", `package admin; import "github.com/hanwen/go-fuse/v2/fuse"`, "FUSE"},
		{"cmd/cairn/x.go", `package main; import "github.com/hanwen/go-fuse/v2/fs"`, "FUSE"},
		{"server/mount/x.go", `package mount; import "net/http"`, "no HTTP"},
		{"server/mount/x.go", `package mount; import "cairn/server/admin"`, "no HTTP"},
		{"server/admin/x.go", `package admin; import "cairn/server/mount"`, "every system"},
		{"server/x.go", `package server; import "cairn/cmd/cairn"`, "cairn/cmd"},
		{"server/dav/x.go", `package dav; import "cairn/server"`, "assembles"},
		{"web/embed.go", `package web; import "cairn/store"`, "imports nothing"},
		{"migrations/x.go", `package migrations; import "cairn/store/meta"`, "imports nothing"},
	}}
}

func checkLayers(f file) []string {
	var complaints []string
	for _, imported := range sortedKeys(f.imports()) {
		if why := forbidden(f, imported); why != "" {
			complaints = append(complaints, fmt.Sprintf("imports %s: %s", imported, why))
		}
	}
	return complaints
}

// forbidden says why the file may not import the package, or "".
func forbidden(f file, imported string) string {
	doors := []string{"server/dav", "server/upload", "server/api"}
	isLeaf := path.Dir(f.dir()) == "store" && f.dir() != "store/storetest"
	switch {
	case within(imported, "cairn/cmd"):
		return "nothing imports cairn/cmd"
	case f.in("store") && (within(imported, "net/http") || within(imported, "cairn/server") || within(imported, "cairn/web")):
		return "the store knows no HTTP and nothing above it"
	case isLeaf && !f.isTest() && imported == "cairn/store":
		return "the leaves of the store do not import it"
	case !f.isTest() && within(imported, "cairn/store/storetest") && !f.in("store/storetest"):
		return "storetest is for tests only"
	case slices.Contains(doors, f.dir()) && slices.Contains(doors, trimModule(imported)) && imported != "cairn/"+f.dir():
		return "dav, upload and api meet in store"
	case slices.Contains([]string{"server/transfer", "server/auth", "server/httperr"}, f.dir()) && slices.Contains(doors, trimModule(imported)):
		return "lies below the doors"
	case f.in("server") && f.dir() != "server" && !f.isTest() && imported == "cairn/server":
		return "server assembles its parts, not the other way round"
	case within(imported, "github.com/labstack/echo") && f.dir() != "server" && f.dir() != "server/api":
		return "Echo stays in server and server/api"
	case within(imported, "github.com/hanwen/go-fuse") && f.dir() != "server/mount":
		return "FUSE stays in server/mount: nobody else speaks to the kernel, and it builds on few systems"
	case f.dir() == "server/mount" && (within(imported, "net/http") || within(imported, "cairn/server")):
		return "the mount knows files and the store, no HTTP: admin has what reads through a server"
	case f.in("server") && f.dir() != "server/mount" && imported == "cairn/server/mount":
		return "cmd puts the mount and what it reads from together; the server runs on every system"
	case (f.in("web") || f.in("migrations")) && within(imported, "cairn"):
		return "embeds files, imports nothing of ours"
	}
	return ""
}

func trimModule(imported string) string {
	const module = "cairn/"
	if len(imported) > len(module) && imported[:len(module)] == module {
		return imported[len(module):]
	}
	return imported
}
