package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// streams are the process's three, or a test's.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// cli is the command line. Every flag that the config file and the environment know
// too has an env tag.
type cli struct {
	Data   string `help:"Data folder. Default: /data in a container that has it, else $$XDG_DATA_HOME/cairn (~/.local/share/cairn)." env:"CAIRN_DATA" type:"path" placeholder:"DIR"`
	Config string `help:"Config file of 'flag = value' lines. Default, if it is there: $$XDG_CONFIG_HOME/cairn/cairn.conf, /etc/cairn.conf." env:"CAIRN_CONFIG" type:"path" placeholder:"FILE"`
	// UnsafeFS is for every command that opens the store.
	UnsafeFS bool `name:"unsafe-fs" help:"Use a data folder on tmpfs or a network file system, where what was saved may be lost." env:"CAIRN_UNSAFE_FS"`

	Serve    serveCmd    `cmd:"" help:"Serve files."`
	User     userCmd     `cmd:"" help:"Manage accounts, also while the server runs."`
	Import   importCmd   `cmd:"" help:"Take a folder of plain files into an account of a stopped server."`
	Export   exportCmd   `cmd:"" help:"Write a stopped server's files to a folder of plain files."`
	Verify   verifyCmd   `cmd:"" help:"Verify a stopped server's store. Exits with 0 if it is clean, 1 if there are problems, 2 if it could not look."`
	GC       gcCmd       `cmd:"" name:"gc" help:"Give back the space of what nothing refers to any more, also while the server runs."`
	Scrub    scrubCmd    `cmd:"" help:"Read and check everything that is stored, also while the server runs, and name the files that damage concerns. Exits with 0 if there is none, 1 if there is."`
	Backup   backupCmd   `cmd:"" help:"Copy the store to another disk, also while the server runs; only what is new since the last time."`
	Restore  restoreCmd  `cmd:"" help:"Make a data folder of a backup."`
	Prune    pruneCmd    `cmd:"" help:"Drop what of the past a stopped server's store is to keep no longer."`
	Rebuild  rebuildCmd  `cmd:"" help:"Make a stopped server's database again from its packs, and keep the old one beside it."`
	Snapshot snapshotCmd `cmd:"" help:"Keep this moment of an account's files, list what is kept, or drop it; also while the server runs."`
	Revert   revertCmd   `cmd:"" help:"Make the files of an account, or a folder or file of them, what a snapshot shows; also while the server runs."`
	Undo     undoCmd     `cmd:"" help:"Take changes of an account's files back; also while the server runs."`
	Mount    mountCmd    `cmd:"" help:"Show the files, what they held before, snapshots and the trash as plain files that nobody can write (Linux)."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// run is the program: it returns the exit code.
func run(args []string, std streams) (code int) {
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(exited)
			if !ok {
				panic(p)
			}
			code = int(e)
		}
	}()
	unsetEmpty()
	var c cli
	parser, err := kong.New(&c,
		kong.Name("cairn"),
		kong.Description("A file server for large files: WebDAV and a browser app over one data folder."),
		kong.Writers(std.out, std.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Resolvers(newConfigFile(os.LookupEnv)),
		kong.Bind(&c, std),
		kong.Exit(func(code int) { panic(exited(code)) }), // after --help
	)
	if err != nil {
		panic(err) // a mistake in the tags above
	}
	ctx, err := parser.Parse(words(args))
	if err != nil {
		// kong names the flag that it was about to look up in the config file
		text := strings.TrimPrefix(err.Error(), "--help: ")
		fmt.Fprintf(std.err, "cairn: %s\n  hint: %s\n", text, usageHint(err))
		return 1
	}
	if c.Data == "" {
		c.Data = defaultData(os.LookupEnv, inContainer())
	}
	if err := ctx.Run(); err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintf(std.err, "cairn: %v\n", explain(err, c.Data))
		}
		if f := new(failure); errors.As(err, &f) {
			return f.code
		}
		return 1
	}
	return 0
}

// unsetEmpty makes CAIRN_X= mean the same as no CAIRN_X, as container files write it.
func unsetEmpty() {
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); value == "" && strings.HasPrefix(name, "CAIRN_") {
			os.Unsetenv(name)
		}
	}
}
