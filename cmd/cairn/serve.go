package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"cairn/server"
	"cairn/server/admin"
	"cairn/server/auth"
	"cairn/server/mount"
	"cairn/store"
)

type serveCmd struct {
	Listen         string        `help:"Address to listen on (${default})." default:"127.0.0.1:8080" env:"CAIRN_LISTEN" placeholder:"HOST:PORT"`
	BaseURL        string        `help:"Address that clients use, path included, when it is not the one listened on: https://host/files/" env:"CAIRN_BASE_URL" placeholder:"URL"`
	TrustedProxies []string      `help:"Addresses or CIDR ranges whose X-Forwarded-For and X-Forwarded-Proto are believed (none): only the proxy itself, never a network that clients are in." env:"CAIRN_TRUSTED_PROXIES" placeholder:"CIDR"`
	TLSCert        string        `name:"tls-cert" help:"PEM file with the certificate chain; read again at SIGHUP." env:"CAIRN_TLS_CERT" type:"path" placeholder:"FILE"`
	TLSKey         string        `name:"tls-key" help:"PEM file with its key." env:"CAIRN_TLS_KEY" type:"path" placeholder:"FILE"`
	MemoryBudget   size          `help:"Memory for all buffers (${default})." default:"96MiB" env:"CAIRN_MEMORY_BUDGET" placeholder:"SIZE"`
	VerifyReads    bool          `help:"Check every chunk before any of it is sent, at the cost of reading it whole." env:"CAIRN_VERIFY_READS"`
	GCEvery        time.Duration `name:"gc-every" help:"How often the space of what nothing refers to is given back; 0: never (${default})." default:"6h" env:"CAIRN_GC_EVERY" placeholder:"TIME"`
	ScrubEvery     age           `help:"Time in which all that is stored is read once and checked; 0: never (${default})." default:"30d" env:"CAIRN_SCRUB_EVERY" placeholder:"TIME"`
	ScrubRate      size          `help:"How fast that is read at most, a second; 0: as fast as the disk (${default})." default:"16MiB" env:"CAIRN_SCRUB_RATE" placeholder:"SIZE"`
	Ballast        size          `help:"Space set aside in the data folder, so that deleting and gc work when the disk is full; 0: none (${default})." default:"64MiB" env:"CAIRN_BALLAST" placeholder:"SIZE"`
	MaxConnections int           `help:"Connections open at once, at most 10000; 0 derives it from the limit of file descriptors (${default})." default:"0" env:"CAIRN_MAX_CONNECTIONS" placeholder:"N"`
	DepthInfinity  int           `name:"propfind-infinity" help:"WebDAV clients may list a whole tree at once, up to so many files and folders; 0: folder by folder only (${default})." default:"0" env:"CAIRN_PROPFIND_INFINITY" placeholder:"N"`
	FinderQuota    bool          `help:"Tell Finder how much space is left: macOS from 15.4 on then takes a minute and a half to mount." env:"CAIRN_FINDER_QUOTA"`
	CORSOrigins    []string      `name:"cors-origins" help:"Origins whose web pages may use WebDAV and tus, with a name and password of their own: https://host, app://obsidian.md; * for any (none)." env:"CAIRN_CORS_ORIGINS" placeholder:"ORIGIN"`
	Keep           keepFlags     `embed:""`
	ShutdownGrace  time.Duration `help:"How long requests may go on after SIGTERM (${default})." default:"30s" env:"CAIRN_SHUTDOWN_GRACE" placeholder:"TIME"`
	LogFormat      string        `help:"text or json (${default})." enum:"text,json" default:"text" env:"CAIRN_LOG_FORMAT" placeholder:"FORMAT"`
	LogLevel       slog.Level    `help:"debug, info, warn or error (${default})." default:"info" env:"CAIRN_LOG_LEVEL" placeholder:"LEVEL"`
}

// Run serves until SIGINT or SIGTERM; a second one ends the process at once. SIGHUP
// reads the certificate again.
func (k *serveCmd) Run(c *cli, std streams) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(stop)
	go func() {
		<-stop
		cancel()
		<-stop
		os.Exit(1)
	}()
	return k.serve(ctx, c, std, reload)
}

// serve opens everything, in the order in which it can go wrong for its operator, and
// closes it in reverse.
func (k *serveCmd) serve(ctx context.Context, c *cli, std streams, reload <-chan os.Signal) (err error) {
	if err := k.check(); err != nil {
		return err
	}
	access := server.NewAccessLog(std.err, k.LogFormat == "json")
	defer access.Close()
	log := k.logger(access)
	base, err := server.ParseBase(k.BaseURL)
	if err != nil {
		return err
	}
	proxies, err := auth.ParseProxies(k.TrustedProxies)
	if err != nil {
		return err
	}
	origins, err := server.ParseOrigins(k.CORSOrigins)
	if err != nil {
		return err
	}
	keep := k.Keep.retention()
	opts := store.Options{Dir: c.Data, MemoryBudget: int64(k.MemoryBudget), VerifyReads: k.VerifyReads, Retention: &keep, CollectEvery: k.GCEvery, ScrubEvery: time.Duration(k.ScrubEvery), ScrubRate: int64(k.ScrubRate), Ballast: int64(k.Ballast), Log: log, UnsafeFS: c.UnsafeFS}
	conf := server.Config{
		BaseURL: base, Proxies: proxies, TLSCert: k.TLSCert, TLSKey: k.TLSKey,
		ShutdownGrace: k.ShutdownGrace, MaxConnections: k.MaxConnections, PropfindInfinity: k.DepthInfinity, FinderQuota: k.FinderQuota, CORSOrigins: origins,
		Log: log, Access: access,
	}
	disarm, err := arm(&opts, &conf)
	if err != nil {
		return err
	}
	defer disarm()
	// Before the store, which would leave a new folder when the port is taken.
	ln, err := net.Listen("tcp", k.Listen)
	if err != nil {
		return &listenError{k.Listen, err}
	}
	defer ln.Close()
	go governMemory(ctx)
	st, _, err := openStore(ctx, opts, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	srv, err := server.New(conf, st)
	if err != nil {
		return err
	}
	accounts := admin.Local{Store: st}
	exists, err := firstAccount(ctx, accounts, st, os.LookupEnv, log)
	if err != nil {
		return err
	}
	shown := mount.NewLocal(st)
	defer shown.Close()
	closeAdmin, err := serveAdmin(c.Data, accounts, st, shown)
	if err != nil {
		return err
	}
	defer closeAdmin()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-reload:
			}
			if err := srv.ReloadTLS(); err != nil {
				log.Error("the old TLS certificate stays in use", "error", err)
			}
		}
	}()
	clear := inTheClear(base, ln.Addr(), k.TLSCert != "")
	if clear {
		log.Warn("passwords travel in the clear: use --tls-cert and --tls-key, or a proxy with HTTPS and --base-url https://…", "listen", ln.Addr().String())
	}
	b := banner{address: address(base, ln.Addr(), k.TLSCert != ""), listen: ln.Addr().String(), data: c.Data, clear: clear}
	if !exists {
		b.setup = srv.OpenSetup()
	}
	b.print(std.out)
	return srv.Serve(ctx, ln)
}

func (k *serveCmd) logger(w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: k.LogLevel}
	if k.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// serveAdmin answers `cairn user`, `gc`, `scrub`, `backup` and `mount` while this process holds the
// data folder.
func serveAdmin(dir string, a admin.Accounts, k admin.Keeper, b admin.Browse) (end func(), err error) {
	ln, err := admin.Listen(dir)
	if err != nil {
		return nil, err
	}
	lender := admin.NewLender(b)
	hs := &http.Server{Handler: admin.Handler(a, k, lender), ReadTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		hs.Serve(ln)
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if hs.Shutdown(ctx) != nil {
			hs.Close()
		}
		lender.Close()
		<-done
	}, nil
}
