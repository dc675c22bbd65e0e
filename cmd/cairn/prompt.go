package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"cairn/server/auth"
)

// newPassword gets a password for an account: one line of standard input, or typed
// twice on a terminal, or, where there is none, made (then made is true).
func (s streams) newPassword(stdin bool) (password string, made bool, err error) {
	if stdin {
		password, err = readLine(s.in)
		return password, false, err
	}
	tty, ok := s.in.(*os.File)
	if !ok || !isTerminal(tty) {
		return auth.NewPassword(), true, nil
	}
	first, err := s.secret(tty, "Password: ")
	if err != nil {
		return "", false, err
	}
	again, err := s.secret(tty, "Again: ")
	if err != nil {
		return "", false, err
	}
	if first != again {
		return "", false, errors.New("the two passwords differ")
	}
	return first, false, nil
}

// secret asks without showing what is typed.
func (s streams) secret(tty *os.File, prompt string) (string, error) {
	// First: who presses Ctrl-C at once would be left with a terminal without echo.
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	show, err := hideInput(tty)
	if err != nil {
		signal.Stop(ended)
		return "", err
	}
	answered := make(chan struct{})
	defer func() {
		signal.Stop(ended)
		close(answered)
		show()
		fmt.Fprintln(s.err)
	}()
	go func() {
		select {
		case <-ended: // the terminal would stay without echo
			show()
			fmt.Fprintln(s.err)
			os.Exit(130)
		case <-answered:
		}
	}()
	fmt.Fprint(s.err, prompt)
	return readLine(tty)
}

// tell prints a secret that was made: alone on standard output, so that a script can
// take it, with the words around it elsewhere.
func (s streams) tell(secret string, made bool) {
	if made {
		fmt.Fprintln(s.err, "write it down, it cannot be shown again:")
		fmt.Fprintln(s.out, secret)
	}
}

// confirm asks for a yes.
func (s streams) confirm(question string) error {
	if tty, ok := s.in.(*os.File); ok && !isTerminal(tty) {
		return errors.New("there is nobody to ask: say --yes")
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	line, err := readLine(s.in)
	if err != nil {
		return err
	}
	if a := strings.ToLower(strings.TrimSpace(line)); a != "y" && a != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// readLine reads one line and drops its end. On a terminal a read gives one line, so
// the next call gets the next.
func readLine(r io.Reader) (string, error) {
	line, err := bufio.NewReaderSize(io.LimitReader(r, auth.MaxPasswordBytes+2), 16).ReadString('\n')
	if err != nil && !(err == io.EOF && line != "") {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
}

// shellQuote makes s one word for a shell.
func shellQuote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
