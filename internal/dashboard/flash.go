package dashboard

import "net/http"

// flash is a word that a browser carries from what was done to the next page, which says it once. Only the word travels,
// so that nobody can have a page say something else.
type flash string

const (
	loggedOut       flash = "logged-out"
	sessionOver     flash = "session-over"
	sessionEnded    flash = "session-ended"
	othersEnded     flash = "others-ended"
	tooLong         flash = "too-long"
	resetAsked      flash = "reset-asked"
	passwordSet     flash = "password-set"
	passwordChanged flash = "password-changed"
	proved          flash = "proved"
	accepted        flash = "accepted"
	opened          flash = "opened"
	signupAsked     flash = "signup-asked"
	switched        flash = "switched"

	passkeyAdded       flash = "passkey-added"
	authenticatorAdded flash = "authenticator-added"
	factorRemoved      flash = "factor-removed"
	providerLinked     flash = "provider-linked"
	providerUnlinked   flash = "provider-unlinked"
)

var flashes = map[flash]string{
	loggedOut:       "You are logged out.",
	sessionOver:     "Your session is over. Log in to go on.",
	sessionEnded:    "The session is ended.",
	othersEnded:     "All your other sessions are ended.",
	tooLong:         "This took too long. Begin again with your password.",
	resetAsked:      "If somebody has this address, a link is on its way to it.",
	passwordSet:     "The new password is set. Log in with it.",
	passwordChanged: "Your password is changed, and your other sessions are ended.",
	proved:          "You have shown who you are.",
	accepted:        "The invitation is accepted.",
	opened:          "The account is opened, and yours.",
	signupAsked:     "A link that opens the account is on its way to the address.",
	switched:        "You act in another account now.",

	passkeyAdded:       "The passkey is added. It logs you in from now on.",
	authenticatorAdded: "The authenticator is set up. Logging in asks for a code of it from now on.",
	factorRemoved:      "It is removed.",
	providerLinked:     "Your organisation's login is linked. You can log in there from now on.",
	providerUnlinked:   "Your organisation's login is not linked any more.",
}

const flashCookie = "__Host-lockage-word"

func (f flash) text() string { return flashes[f] }

func (f flash) cookie() *http.Cookie {
	return &http.Cookie{
		Name: flashCookie, Value: string(f), Path: "/", MaxAge: 60,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// takeFlash is the word that the browser carries, and takes it back.
func takeFlash(w http.ResponseWriter, r *http.Request) flash {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return ""
	}
	gone := flash("").cookie()
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	return flash(c.Value)
}
