package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"cairn/server/admin"
	"cairn/server/auth"
	"cairn/store"
)

// firstAccount makes the account of CAIRN_ADMIN_USER if there is none at all yet, and
// says whether there is one now. The password is that of CAIRN_ADMIN_PASSWORD, or the
// first line of the file CAIRN_ADMIN_PASSWORD_FILE. Later starts change nothing.
func firstAccount(ctx context.Context, a admin.Accounts, st *store.Store, lookup func(string) (string, bool), log *slog.Logger) (exists bool, err error) {
	list, err := a.List(ctx)
	if err != nil {
		return false, err
	}
	name, _ := lookup("CAIRN_ADMIN_USER")
	if name == "" {
		return len(list) > 0, nil
	}
	defer os.Unsetenv("CAIRN_ADMIN_PASSWORD") // nothing that is started from here needs it
	if len(list) == 0 {
		password, err := adminPassword(lookup)
		if err != nil {
			return false, err
		}
		if _, err := a.Add(ctx, name, password, 0, true); err != nil {
			return false, fmt.Errorf("CAIRN_ADMIN_USER %q: %w", name, err)
		}
		log.Info("first account made", "user", name)
		return true, nil
	}
	password, given := lookup("CAIRN_ADMIN_PASSWORD")
	switch u, err := st.UserByName(ctx, name); {
	case errors.Is(err, store.ErrNotExist):
		log.Warn("CAIRN_ADMIN_USER is ignored: there are accounts already", "user", name)
	case err != nil:
		return true, err
	case given && !auth.Verify(u.Password, password):
		log.Warn("CAIRN_ADMIN_PASSWORD is not the account's password; the account is left as it is", "user", name)
	}
	return true, nil
}

func adminPassword(lookup func(string) (string, bool)) (string, error) {
	if p, ok := lookup("CAIRN_ADMIN_PASSWORD"); ok && p != "" {
		return p, nil
	}
	file, _ := lookup("CAIRN_ADMIN_PASSWORD_FILE")
	if file == "" {
		return "", errors.New("CAIRN_ADMIN_USER needs CAIRN_ADMIN_PASSWORD or CAIRN_ADMIN_PASSWORD_FILE")
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("CAIRN_ADMIN_PASSWORD_FILE: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}
