package main

type mountCmd struct {
	Dir         string `arg:"" help:"Folder to mount at. It must be there." type:"path"`
	User        string `help:"Show the files of this account, not a folder for each account." placeholder:"NAME"`
	AllowOther  bool   `help:"Let every user of this machine read what is mounted; without it only the one who mounts may."`
	VerifyReads bool   `help:"Check every chunk before any of it is read; where a server runs, that decides." env:"CAIRN_VERIFY_READS"`
}

// Help implements kong.HelpProvider.
func (*mountCmd) Help() string {
	return `For each account the mount has four folders:
 files/      the tree as it is now
 versions/   the same folders; in each, a file is a folder of what the file held before:
             versions/letters/will.odt/2026-11-29T20-04-05Z-57.odt
             was saved at that time (UTC), and change 57 took its place
 snapshots/  a folder for each snapshot, under its name: the tree as it was then
 trash/      a folder for each removal, with what was removed in it

Nobody can write there. While a server has the data folder, what it shows is at most a
second old; a file that is overwritten while it is open is read on as it was. Without a
server the mount has the data folder to itself until it ends.

It ends with Ctrl-C, SIGTERM, 'umount DIR' or 'fusermount3 -u DIR'. Linux only; who is not
root needs fusermount3 (Debian: fuse3).`
}
