package control_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// clientCertificate is a certificate and its key that are valid from a time for a day.
func clientCertificate(t *testing.T, from time.Time) (secret.CertificateInput, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(42), Subject: pkix.Name{CommonName: "shop"}, NotBefore: from, NotAfter: from.Add(24 * time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return secret.CertificateInput{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}, der
}

func TestCertificateValues(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		if _, err := x.CreateSecret(t.Context(), x.owner, "bank", secret.Certificate, ""); err != nil {
			t.Fatal(err)
		}
		x.createSecret(t, "stripe")
		set := func(ref string, in secret.CertificateInput) (control.SecretWrite, error) {
			return x.SetCertificateValue(t.Context(), x.owner, ref, "production", in, control.SecretValue{})
		}
		in, key := clientCertificate(t, x.clock.Now().Add(-time.Minute))
		x.hide("the key", string(key))
		x.hide("the key in PEM", strings.Split(string(in.Key), "\n")[1])
		if _, err := set("bank", in); err != nil {
			t.Fatal(err)
		}
		if strings.Trim(string(in.Key), "\x00") != "" {
			t.Error("the key was not taken over")
		}
		_, list, _, err := x.SecretEnvironments(t.Context(), x.owner, "bank")
		if err != nil {
			t.Fatal(err)
		}
		var d secret.CertificateDetail
		got := list[len(list)-1]
		if err := json.Unmarshal([]byte(got.Value.Detail), &d); err != nil || d.Subject != "CN=shop" || d.Serial != "2a" || !got.Value.ExpiresAt.Equal(d.NotAfter) {
			t.Errorf("got %+v and %+v, %v", got.Value, d, err)
		}
		later, _ := clientCertificate(t, x.clock.Now().Add(time.Hour))
		w, err := set("bank", later)
		if err != nil || len(w.Warnings) != 1 || !strings.Contains(w.Warnings[0], "not valid before") {
			t.Errorf("from later on: got %v, %v, want a warning", w.Warnings, err)
		}
		before := x.state(t)
		old, _ := clientCertificate(t, x.clock.Now().Add(-48*time.Hour))
		_, err = set("bank", old)
		wantFault(t, "expired", err, fault.Invalid, "")
		fresh, _ := clientCertificate(t, x.clock.Now())
		_, err = set("stripe", fresh)
		wantFault(t, "of a string secret", err, fault.Invalid, "this endpoint takes values of certificate secrets only; a secret of type string has its own")
		_, err = x.SetSecretValue(t.Context(), x.owner, "bank", "production", text("x"))
		wantFault(t, "a text", err, fault.Invalid, "this endpoint takes values of string secrets only; a secret of type certificate has its own, …/certificate")
		other, _ := clientCertificate(t, x.clock.Now())
		_, err = x.SetCertificateValue(t.Context(), x.developer, "bank", "production", other, control.SecretValue{})
		wantFault(t, "by a developer", err, fault.Forbidden, "")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
		x.setValue(t, "stripe", "production", valueA)
		x.createRoute(t, `{"key":"a","target_url":"https://example.com","inject_headers":{"A":"{{secret:bank}}"}}`)
		x.createRoute(t, `{"key":"b","target_url":"https://example.com","client_certificate":"{{secret:stripe}}"}`)
		x.createRoute(t, `{"key":"c","target_url":"https://example.com","client_certificate":"{{secret:bank}}"}`)
		x.commit(t)
		plan := x.plan(t, x.owner, control.PromotionRequest{To: "production"})
		var kinds []string
		for _, b := range plan.Blockers() {
			kinds = append(kinds, b.Definition+" "+b.Reference+" "+b.Kind)
		}
		if diff := cmp.Diff([]string{"a bank secret_type", "b stripe secret_type"}, kinds); diff != "" {
			t.Errorf("blockers (-want +got):\n%s", diff)
		}
		if _, err := x.DuplicateSecretValue(t.Context(), x.owner, "bank", control.SecretDuplicate{Source: "production", Target: "development"}); err != nil {
			t.Errorf("duplicate: got %v, want nil", err)
		}
	})
}
