package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// Client is Accounts through the socket of a running server.
type Client struct{ http http.Client }

var _ Accounts = (*Client)(nil)

// NewClient speaks to the server that has the data folder dir.
func NewClient(dir string) *Client {
	return &Client{http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, dir) },
	}}}
}

// remoteError is what the server said, and the error of ours that it means.
type remoteError struct {
	message string
	known   error
}

func (e *remoteError) Error() string { return e.message }
func (e *remoteError) Unwrap() error { return e.known }

// do calls path, which may hold a query.
func (c *Client) do(ctx context.Context, method, path string, in *request, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://cairn"+path, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the running server: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var f failure
		if err := json.NewDecoder(resp.Body).Decode(&f); err != nil {
			return fmt.Errorf("ask the running server: %s", resp.Status)
		}
		return &remoteError{f.Message, codes[f.Code]}
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// about is the query that names an account.
func about(name string) string { return "?" + url.Values{"name": {name}}.Encode() }

// Add implements Accounts.
func (c *Client) Add(ctx context.Context, name, password string, quota int64, admin bool) (a Account, err error) {
	err = c.do(ctx, http.MethodPost, "/accounts", &request{Name: name, Password: password, Quota: quota, Admin: admin}, &a)
	return a, err
}

// SetPassword implements Accounts.
func (c *Client) SetPassword(ctx context.Context, name, password string) error {
	return c.do(ctx, http.MethodPut, "/password"+about(name), &request{Password: password}, nil)
}

// SetQuota implements Accounts.
func (c *Client) SetQuota(ctx context.Context, name string, quota int64) error {
	return c.do(ctx, http.MethodPut, "/quota"+about(name), &request{Quota: quota}, nil)
}

// Remove implements Accounts.
func (c *Client) Remove(ctx context.Context, name string) error {
	return c.do(ctx, http.MethodDelete, "/accounts"+about(name), nil, nil)
}

// List implements Accounts.
func (c *Client) List(ctx context.Context) (list []Account, err error) {
	err = c.do(ctx, http.MethodGet, "/accounts", nil, &list)
	return list, err
}

// AddAppPassword implements Accounts.
func (c *Client) AddAppPassword(ctx context.Context, name, label string) (secret string, err error) {
	err = c.do(ctx, http.MethodPost, "/app-passwords"+about(name), &request{Label: label}, &secret)
	return secret, err
}

// AppPasswords implements Accounts.
func (c *Client) AppPasswords(ctx context.Context, name string) (list []AppPassword, err error) {
	err = c.do(ctx, http.MethodGet, "/app-passwords"+about(name), nil, &list)
	return list, err
}

// RemoveAppPassword implements Accounts.
func (c *Client) RemoveAppPassword(ctx context.Context, name string, id int64) error {
	return c.do(ctx, http.MethodDelete, "/app-passwords"+about(name)+fmt.Sprintf("&id=%d", id), nil, nil)
}
