package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
)

// callFlags say what to send and as whom.
type callFlags struct {
	method, data, gateway, keyFile, environment string
	headers                                     []string
	include, draft, staged                      bool
}

func (p *program) call() *cobra.Command {
	var f callFlags
	cmd := &cobra.Command{
		Use:   "call ROUTE [PATH]",
		Short: "Make a call through the gateway",
		Long: `Makes a call through the gateway, as an application would. PATH may have a query; it goes to the
route's target. The exit code is 1 when the gateway refuses, and for a status of 400 or more.

The API key is taken from --key-file, else from LOCKAGE_KEY; without one, --environment calls with
the management token there; otherwise it is asked for at a terminal. It is never an argument.`,
		Example: `  LOCKAGE_KEY=sk_… lockage call payments /v1/charges -d '{"amount": 100}'
  lockage call payments /v1/charges --environment staging -i`,
		Args: arguments(1, "ROUTE", "PATH"),
		RunE: func(cmd *cobra.Command, args []string) error { return p.makeCall(cmd, &f, append(args, "")) },
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.method, "request", "X", "", "the `METHOD` (default: GET, or POST with data)")
	fs.StringVarP(&f.data, "data", "d", "", "the `BODY`, or @file, or @- for standard input")
	fs.StringArrayVarP(&f.headers, "header", "H", nil, "a `HEADER`, like 'Accept: text/plain'; several times")
	fs.BoolVarP(&f.include, "include", "i", false, "print the status and the headers too")
	fs.StringVar(&f.gateway, "gateway", "", "the gateway's address, a `URL` (LOCKAGE_GATEWAY, what login kept, or "+localGateway+")")
	fs.StringVar(&f.keyFile, "key-file", "", "a `FILE` with the API key")
	fs.StringVarP(&f.environment, "environment", "e", "", "the `ENVIRONMENT`; a key of another one is refused")
	fs.BoolVar(&f.draft, "draft", false, "run what is saved and uncommitted, as a test with the management token")
	fs.BoolVar(&f.staged, "staged", false, "try secrets' staged values, as a test with the management token")
	fs.StringVar(&p.token, "token", "", "the management token, for --environment, --draft and --staged (better in LOCKAGE_TOKEN)")
	return cmd
}

func (p *program) makeCall(cmd *cobra.Command, f *callFlags, args []string) error {
	ctx := cmd.Context()
	gateway, credential, err := p.caller(ctx, f)
	if err != nil {
		return err
	}
	path := args[1]
	if path != "" && !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "?") {
		path = "/" + path
	}
	body, size, err := p.callBody(cmd, f)
	if err != nil {
		return err
	}
	defer body.Close()
	method := cmp.Or(f.method, map[bool]string{true: http.MethodPost, false: http.MethodGet}[cmd.Flags().Changed("data")])
	req, err := http.NewRequestWithContext(ctx, method, gateway+"/"+url.PathEscape(args[0])+path, body)
	if err != nil {
		return misused(cmd, "the method or the path cannot be sent as it is")
	}
	req.ContentLength = size
	if size != 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range f.headers {
		name, value, found := strings.Cut(h, ":")
		if !found || name == "" {
			return misused(cmd, "--header looks like 'Name: value'")
		}
		req.Header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	req.Header.Set("Lockage-Key", credential)
	if f.draft {
		req.Header.Set("Lockage-Draft", "true")
	}
	if f.staged {
		req.Header.Set("Lockage-Staged", "true")
	}
	if f.environment != "" {
		req.Header.Set("Lockage-Environment", f.environment)
	}
	return p.roundTrip(req, f.include)
}

// caller finds the gateway and the credential. The token that login kept goes only to the gateway it was kept with.
func (p *program) caller(ctx context.Context, f *callFlags) (gateway, credential string, err error) {
	gateway = cmp.Or(f.gateway, os.Getenv("LOCKAGE_GATEWAY"))
	token := cmp.Or(p.token, os.Getenv("LOCKAGE_TOKEN"))
	switch {
	case f.keyFile != "":
		b, err := os.ReadFile(f.keyFile)
		if err != nil {
			return "", "", err
		}
		credential = strings.TrimSpace(string(b))
	case !f.draft && !f.staged:
		credential = os.Getenv("LOCKAGE_KEY")
	}
	asToken := f.draft || f.staged || credential == "" && f.environment != ""
	if gateway == "" || asToken && token == "" {
		kept, err := readCredentials()
		if err != nil {
			return "", "", err
		}
		gateway = cmp.Or(gateway, kept.Gateway, localGateway)
		if strings.TrimRight(gateway, "/") == kept.Gateway {
			token = cmp.Or(token, kept.Token)
		}
	}
	if gateway, err = client.CheckAddress(gateway); err != nil {
		return "", "", err
	}
	_, isTerminal := p.terminal()
	switch {
	case credential != "":
	case asToken && token != "":
		credential = token
	case isTerminal && !asToken:
		if credential, err = p.hidden(ctx, "API key: ", "key"); err != nil {
			return "", "", err
		}
	default:
		return "", "", errors.New("as whom? Set LOCKAGE_KEY or give --key-file; or log in with --gateway and give --environment")
	}
	return gateway, credential, nil
}

// callBody is what --data says, and its size; -1 is unknown.
func (p *program) callBody(cmd *cobra.Command, f *callFlags) (io.ReadCloser, int64, error) {
	file, isFile := strings.CutPrefix(f.data, "@")
	switch {
	case !isFile:
		return io.NopCloser(strings.NewReader(f.data)), int64(len(f.data)), nil
	case file == "-":
		return io.NopCloser(p.in), -1, nil
	case file == "":
		return nil, 0, misused(cmd, "--data names no file after the @")
	}
	body, err := os.Open(file) //nolint:gosec // the caller's own choice
	if err != nil {
		return nil, 0, err
	}
	info, err := body.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return body, -1, err
	}
	return body, info.Size(), nil
}

// roundTrip sends the request and streams the answer. No redirect is followed: it is part of the answer.
func (p *program) roundTrip(req *http.Request, include bool) error {
	transport := &http.Transport{
		Proxy:              http.ProxyFromEnvironment,
		DisableCompression: true, // the body is shown as it came
	}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		if req.Context().Err() != nil {
			return req.Context().Err()
		}
		return fmt.Errorf("no answer from the gateway at %s: %w", req.URL.Host, err)
	}
	defer resp.Body.Close()
	if p.json {
		err = p.printAnswer(resp)
	} else {
		if include {
			fmt.Fprintf(p.out, "%s %s\n", resp.Proto, resp.Status)
			if err := resp.Header.Write(p.out); err != nil {
				return err
			}
			fmt.Fprintln(p.out)
		}
		_, err = io.Copy(p.out, resp.Body)
	}
	switch refused := resp.Header.Get("Lockage-Error"); {
	case err != nil:
		return fmt.Errorf("the answer broke off: %w", err)
	case refused != "":
		return fmt.Errorf("the gateway refused the call: %d %s", resp.StatusCode, refused)
	case resp.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("the answer has the status %s", resp.Status)
	}
	return nil
}
