package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func TestLogin(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body wire.Login
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.URL.Path != "/admin/auth/login" || r.Header.Get("Authorization") != "" {
			t.Errorf("got %s with %v, want a login without a credential", r.URL, r.Header)
		}
		switch {
		case body.Password == "wrong":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"the e-mail address or the password is wrong"}`))
		case body.Password == "odd":
			_, _ = w.Write([]byte(`<html>`))
		case body.Code == "":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"a second factor is needed too","second_factor":["totp"]}`))
		default:
			_, _ = w.Write([]byte(`{"token":"a.b.c"}`))
		}
	}))
	defer server.Close()
	login := func(password, code string) (wire.LoginAnswer, *client.Error) {
		in, err := client.Login(t.Context(), client.Config{Address: server.URL}, wire.Login{Email: "a@example.com", Password: password, Code: code})
		told, _ := errors.AsType[*client.Error](err)
		if err != nil && told == nil {
			t.Errorf("got %v, want an *Error", err)
		}
		return in, told
	}
	if _, told := login("wrong", ""); told == nil || told.Status != 401 || told.Message != "the e-mail address or the password is wrong" || told.SecondFactor != nil {
		t.Errorf("a wrong password: got %+v", told)
	}
	if _, told := login("right", ""); told == nil || !slices.Equal(told.SecondFactor, []string{"totp"}) {
		t.Errorf("without a code: got %+v, want to be asked for one", told)
	}
	if in, told := login("right", "123456"); told != nil || in.Token != "a.b.c" {
		t.Errorf("got %+v and %+v, want a token", in, told)
	}
	if _, told := login("odd", ""); told == nil {
		t.Error("an answer that is none is taken for one")
	}
	server.Close()
	if _, err := client.Login(t.Context(), client.Config{Address: server.URL}, wire.Login{}); err == nil {
		t.Error("nobody answers, and nothing is said")
	}
}
