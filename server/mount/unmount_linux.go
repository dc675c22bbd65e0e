package mount

import (
	"os/exec"
)

// detach takes a mount out of sight for who may not call umount(2) himself, also if it is
// in use.
func detach(dir string) error {
	name, err := exec.LookPath("fusermount3")
	if err != nil {
		if name, err = exec.LookPath("fusermount"); err != nil {
			return err
		}
	}
	return exec.Command(name, "-u", "-z", dir).Run()
}
