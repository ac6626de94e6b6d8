package access

import (
	"maps"
	"slices"
)

// Action is one thing that can be done; its text is also the action's name in the audit log.
type Action string

// The actions.
const (
	EnvironmentList   Action = "environment.list"
	EnvironmentRead   Action = "environment.read"
	EnvironmentCreate Action = "environment.create"
	EnvironmentUpdate Action = "environment.update"
	EnvironmentDelete Action = "environment.delete"
	EnvironmentRename Action = "environment.rename"

	APIKeyList   Action = "api_key.list"
	APIKeyRead   Action = "api_key.read"
	APIKeyCreate Action = "api_key.create"
	APIKeyUpdate Action = "api_key.update"
	APIKeyRevoke Action = "api_key.revoke"
	APIKeyRotate Action = "api_key.rotate"

	SecretList           Action = "secret.list"
	SecretRead           Action = "secret.read"
	SecretCreate         Action = "secret.create"
	SecretUpdate         Action = "secret.update"
	SecretDelete         Action = "secret.delete"
	SecretStatus         Action = "secret.status"
	SecretValueSet       Action = "secret.value.set"
	SecretValueDelete    Action = "secret.value.delete"
	SecretValueDuplicate Action = "secret.value.duplicate"
	SecretValueUpdate    Action = "secret.value.update"
	SecretValueActivate  Action = "secret.value.activate"
	SecretValueRetire    Action = "secret.value.retire"
	SecretValueCompare   Action = "secret.value.compare"
	SecretAuthorize      Action = "secret.authorize"
	ReadinessRead        Action = "readiness.read"

	VariableRead   Action = "variable.read"
	VariableSet    Action = "variable.set"
	VariableDelete Action = "variable.delete"

	RouteList      Action = "route.list"
	RouteRead      Action = "route.read"
	RouteEffective Action = "route.effective"
	RouteSave      Action = "route.save"
	RouteDelete    Action = "route.delete"
	RouteSwitch    Action = "route.switch"
	RouteRecord    Action = "route.record"

	ChangeList       Action = "change.list"
	ChangeDiscard    Action = "change.discard"
	DefinitionCommit Action = "definition.commit"
	CommitRead       Action = "commit.read"
	TreeRead         Action = "tree.read"

	PromotionPlan    Action = "promotion.plan"
	PromotionCreate  Action = "promotion.create"
	PromotionRead    Action = "promotion.read"
	PromotionApprove Action = "promotion.approve"
	PromotionReject  Action = "promotion.reject"
	RollbackPlan     Action = "rollback.plan"
	RollbackCreate   Action = "rollback.create"
	HoldLift         Action = "hold.lift"

	FreezeRead        Action = "freeze.read"
	FreezeAcknowledge Action = "freeze.acknowledge"
	AccountRead       Action = "account.read"
	AccountUpdate     Action = "account.update"

	EncryptionKeyRead   Action = "encryption_key.read"
	EncryptionKeyRotate Action = "encryption_key.rotate"
	SigningKeyRotate    Action = "signing_key.rotate"

	MemberList   Action = "member.list"
	MemberRead   Action = "member.read"
	MemberInvite Action = "member.invite"
	MemberUpdate Action = "member.update"
	MemberRemove Action = "member.remove"
	TokenList    Action = "token.list"
	TokenRead    Action = "token.read"
	TokenCreate  Action = "token.create"
	TokenUpdate  Action = "token.update"
	TokenRevoke  Action = "token.revoke"

	// What everybody may do about themselves.
	IdentityRead   Action = "identity.read"
	PermissionRead Action = "permission.read"
	AccountList    Action = "account.list"
	// What is one's own.
	SessionList    Action = "session.list"
	SessionEnd     Action = "session.end"
	SessionLogout  Action = "session.logout"
	SessionRefresh Action = "session.refresh"
	SessionSwitch  Action = "session.switch"
	SessionProve   Action = "session.prove"
	SessionLend    Action = "session.lend"
	PasswordChange Action = "password.change"

	FactorList         Action = "second_factor.list"
	FactorCreate       Action = "second_factor.create"
	FactorConfirm      Action = "second_factor.confirm"
	FactorDelete       Action = "second_factor.delete"
	RecoveryCodesRenew Action = "recovery_codes.renew"

	ProviderRead   Action = "login_provider.read"
	ProviderLink   Action = "login_provider.link"
	ProviderUnlink Action = "login_provider.unlink"

	// What managers see and end of the sessions in their account.
	MemberSessionList Action = "member.session.list"
	MemberSessionEnd  Action = "member.session.end"
	PasswordResetMake Action = "password.reset.make"

	AlertList   Action = "alert.list"
	AlertRead   Action = "alert.read"
	AlertCreate Action = "alert.create"
	AlertUpdate Action = "alert.update"
	AlertDelete Action = "alert.delete"
	AlertTest   Action = "alert.test"

	LogRead     Action = "log.read"
	LogReveal   Action = "log.reveal"
	LogReplay   Action = "log.replay"
	AuditRead   Action = "audit.read"
	AuditExport Action = "audit.export"

	AuditRetain Action = "audit.retain"

	AuditStreamRead   Action = "audit.stream.read"
	AuditStreamCreate Action = "audit.stream.create"
	AuditStreamUpdate Action = "audit.stream.update"
	AuditStreamDelete Action = "audit.stream.delete"
	AuditStreamTest   Action = "audit.stream.test"
	GatewayCall       Action = "gateway.call"

	// What only the system does: no role holds these; they are names in the audit log.
	SessionLogin Action = "session.login"
	// Open to everyone who has the link, or asks for one.
	PasswordResetRequest Action = "password.reset.request"
	PasswordReset        Action = "password.reset"

	// Of the operator, and of everybody where accounts are opened to all.
	AccountRequest Action = "account.request"

	AccountCreate Action = "account.create"
	MemberJoin    Action = "member.join"
	MemberSync    Action = "member.sync"
	RequestRefuse Action = "request.refuse"

	SecretTokenRefresh   Action = "secret.token.refresh"
	SecretEcho           Action = "secret.echo"
	AuditPrune           Action = "audit.prune"
	EncryptionKeyRotated Action = "encryption_key.rotated"
	SigningKeyRotated    Action = "signing_key.rotated"
)

// Does says what the action does, as it completes "you may …"; "" for an unknown action.
func (a Action) Does() string { return rules[a].does }

// Actions lists every action, sorted by its text. It is the one list of their names: of the audit log, of its filters,
// and of the documentation.
func Actions() []Action { return slices.Sorted(maps.Keys(rules)) }

// Scope says where a role must hold for an action.
type Scope int

// The scopes.
const (
	EnvironmentScope Scope = iota // in the environment concerned: its own grant, else the one for all
	AnywhereScope                 // in any environment; what is then shown is only what the principal sees
	AccountScope                  // in all environments: the grant for all, and no other
	SelfScope                     // nowhere: it is about the principal alone, who may do it with any role or none
)

// Scope is where a role must hold for the action; false for an unknown action.
func (a Action) Scope() (Scope, bool) {
	rl, ok := rules[a]
	return rl.scope, ok
}

// Held says whether any role may do the action; what no role may, only the system does.
func (a Action) Held() bool { return rules[a].roles != 0 }

// rule is one row of the table.
type rule struct {
	scope    Scope
	roles    roles
	personal bool   // of SelfScope: a token may not, for it never logs in
	guarded  bool   // a developer loses it where the environment is protected
	does     string // completes "the role viewer may not …"
}

// rules is the table of roles; nothing writes to it.
var rules = map[Action]rule{
	EnvironmentList:   {scope: AnywhereScope, roles: everyone, does: "list environments"},
	EnvironmentRead:   {scope: EnvironmentScope, roles: everyone, does: "see this environment"},
	EnvironmentCreate: {scope: AccountScope, roles: managers, does: "create environments"},
	EnvironmentUpdate: {scope: EnvironmentScope, roles: managers, does: "change this environment"},
	EnvironmentDelete: {scope: EnvironmentScope, roles: managers, does: "delete this environment"},
	EnvironmentRename: {scope: AccountScope, roles: managers, does: "rename environments"},

	APIKeyList:   {scope: EnvironmentScope, roles: builders, does: "list API keys of this environment"},
	APIKeyRead:   {scope: EnvironmentScope, roles: builders, does: "see API keys of this environment"},
	APIKeyCreate: {scope: EnvironmentScope, roles: managers, does: "create API keys in this environment"},
	APIKeyUpdate: {scope: EnvironmentScope, roles: managers, does: "change API keys of this environment"},
	APIKeyRevoke: {scope: EnvironmentScope, roles: managers, does: "revoke API keys of this environment"},
	APIKeyRotate: {scope: EnvironmentScope, roles: managers, does: "rotate API keys of this environment"},

	SecretList:           {scope: AnywhereScope, roles: builders, does: "list secrets"},
	SecretRead:           {scope: AnywhereScope, roles: builders, does: "see secrets"},
	SecretCreate:         {scope: AccountScope, roles: managers, does: "create secrets"},
	SecretUpdate:         {scope: AccountScope, roles: managers, does: "change secrets"},
	SecretDelete:         {scope: AccountScope, roles: managers, does: "delete secrets"},
	SecretStatus:         {scope: EnvironmentScope, roles: managers, does: "see which secrets this environment holds"},
	SecretValueSet:       {scope: EnvironmentScope, roles: managers, does: "set secret values in this environment"},
	SecretValueDelete:    {scope: EnvironmentScope, roles: managers, does: "delete secret values of this environment"},
	SecretValueDuplicate: {scope: EnvironmentScope, roles: managers, does: "duplicate secret values of this environment"},

	SecretValueUpdate:   {scope: EnvironmentScope, roles: managers, does: "change the terms of secret values in this environment"},
	SecretValueActivate: {scope: EnvironmentScope, roles: managers, does: "activate versions of secret values in this environment"},
	SecretValueRetire:   {scope: EnvironmentScope, roles: managers, does: "retire versions of secret values in this environment"},
	SecretValueCompare:  {scope: EnvironmentScope, roles: managers, does: "compare secret values of this environment"},
	SecretAuthorize:     {scope: EnvironmentScope, roles: managers, does: "authorize OAuth2 secrets in this environment"},
	ReadinessRead:       {scope: EnvironmentScope, roles: builders, does: "see what this environment lacks"},

	VariableRead:   {scope: EnvironmentScope, roles: builders, does: "see variables of this environment"},
	VariableSet:    {scope: EnvironmentScope, roles: builders, does: "set variables in this environment"},
	VariableDelete: {scope: EnvironmentScope, roles: builders, does: "delete variables of this environment"},

	RouteList:      {scope: AnywhereScope, roles: readers, does: "list routes"},
	RouteRead:      {scope: AnywhereScope, roles: readers, does: "see routes"},
	RouteEffective: {scope: EnvironmentScope, roles: readers, does: "see routes of this environment"},
	RouteSave:      {scope: EnvironmentScope, roles: builders, does: "save routes"},
	RouteDelete:    {scope: EnvironmentScope, roles: builders, does: "delete routes"},
	RouteSwitch:    {scope: EnvironmentScope, roles: builders, does: "switch routes in this environment"},
	RouteRecord:    {scope: EnvironmentScope, roles: managers, does: "say what is recorded of calls in this environment"},

	ChangeList:       {scope: AnywhereScope, roles: readers, does: "see what is saved and uncommitted"},
	ChangeDiscard:    {scope: EnvironmentScope, roles: builders, does: "discard what is saved"},
	DefinitionCommit: {scope: EnvironmentScope, roles: builders, does: "commit in this environment"},
	CommitRead:       {scope: EnvironmentScope, roles: readers, does: "see the history of this environment"},
	TreeRead:         {scope: EnvironmentScope, roles: readers, does: "see what is live in this environment"},

	PromotionPlan:    {scope: EnvironmentScope, roles: builders, does: "plan a promotion into this environment"},
	PromotionCreate:  {scope: EnvironmentScope, roles: builders, guarded: true, does: "promote into this environment"},
	PromotionRead:    {scope: EnvironmentScope, roles: builders, does: "see promotions into this environment"},
	PromotionApprove: {scope: EnvironmentScope, roles: builders, guarded: true, does: "approve promotions into this environment"},
	PromotionReject:  {scope: EnvironmentScope, roles: builders, guarded: true, does: "reject promotions into this environment"},
	RollbackPlan:     {scope: EnvironmentScope, roles: builders, does: "plan a rollback of this environment"},
	RollbackCreate:   {scope: EnvironmentScope, roles: builders, guarded: true, does: "roll this environment back"},
	HoldLift:         {scope: EnvironmentScope, roles: builders, guarded: true, does: "lift the hold of this environment"},

	FreezeRead:        {scope: EnvironmentScope, roles: everyone, does: "see the freeze of this environment"},
	FreezeAcknowledge: {scope: EnvironmentScope, roles: managers, does: "acknowledge an override of this environment's freeze"},
	AccountRead:       {scope: AnywhereScope, roles: everyone, does: "see the account's settings"},
	AccountUpdate:     {scope: AccountScope, roles: managers, does: "change the account's settings"},

	EncryptionKeyRead:   {scope: AccountScope, roles: owner, does: "see the encryption keys"},
	EncryptionKeyRotate: {scope: AccountScope, roles: owner, does: "rotate the encryption keys"},
	SigningKeyRotate:    {scope: AccountScope, roles: owner, does: "replace the key that signs JWTs"},

	MemberList:   {scope: AccountScope, roles: managers, does: "list members"},
	MemberRead:   {scope: AccountScope, roles: managers, does: "see members"},
	MemberInvite: {scope: AccountScope, roles: managers, does: "invite members"},
	MemberUpdate: {scope: AccountScope, roles: managers, does: "change members"},
	MemberRemove: {scope: AccountScope, roles: managers, does: "remove members"},
	TokenList:    {scope: AccountScope, roles: managers, does: "list management tokens"},
	TokenRead:    {scope: AccountScope, roles: managers, does: "see management tokens"},
	TokenCreate:  {scope: AccountScope, roles: managers, does: "create management tokens"},
	TokenUpdate:  {scope: AccountScope, roles: managers, does: "change management tokens"},
	TokenRevoke:  {scope: AccountScope, roles: managers, does: "revoke management tokens"},

	IdentityRead:   {scope: SelfScope, roles: everyone, does: "see who one is"},
	PermissionRead: {scope: SelfScope, roles: everyone, does: "see what one may do"},
	AccountList:    {scope: SelfScope, roles: everyone, does: "list the accounts one belongs to"},
	SessionList:    {scope: SelfScope, personal: true, roles: everyone, does: "list sessions of its own"},
	SessionEnd:     {scope: SelfScope, personal: true, roles: everyone, does: "end sessions of its own"},
	SessionLogout:  {scope: SelfScope, personal: true, roles: everyone, does: "log out"},
	SessionRefresh: {scope: SelfScope, personal: true, roles: everyone, does: "refresh a session"},
	SessionSwitch:  {scope: SelfScope, personal: true, roles: everyone, does: "act in another account"},
	SessionLend:    {scope: SelfScope, personal: true, roles: everyone, does: "let a command line act as itself"},
	SessionProve:   {scope: SelfScope, personal: true, roles: everyone, does: "prove who it is"},
	PasswordChange: {scope: SelfScope, personal: true, roles: everyone, does: "change a password"},

	FactorList:         {scope: SelfScope, personal: true, roles: everyone, does: "list second factors of its own"},
	FactorCreate:       {scope: SelfScope, personal: true, roles: everyone, does: "set up a second factor of its own"},
	FactorConfirm:      {scope: SelfScope, personal: true, roles: everyone, does: "confirm a second factor of its own"},
	FactorDelete:       {scope: SelfScope, personal: true, roles: everyone, does: "remove a second factor of its own"},
	RecoveryCodesRenew: {scope: SelfScope, personal: true, roles: everyone, does: "make new recovery codes of its own"},

	ProviderRead:   {scope: SelfScope, personal: true, roles: everyone, does: "see who it is at the login provider"},
	ProviderLink:   {scope: SelfScope, personal: true, roles: everyone, does: "link who it is at the login provider"},
	ProviderUnlink: {scope: SelfScope, personal: true, roles: everyone, does: "unlink the login provider"},

	MemberSessionList: {scope: AccountScope, roles: managers, does: "see the sessions of members"},
	MemberSessionEnd:  {scope: AccountScope, roles: managers, does: "end the sessions of members"},
	PasswordResetMake: {scope: AccountScope, roles: managers, does: "make a link for a member's new password"},

	AlertList:   {scope: EnvironmentScope, roles: builders, does: "list alerts of this environment"},
	AlertRead:   {scope: EnvironmentScope, roles: builders, does: "see alerts of this environment"},
	AlertCreate: {scope: EnvironmentScope, roles: managers, does: "create alerts in this environment"},
	AlertUpdate: {scope: EnvironmentScope, roles: managers, does: "change alerts of this environment"},
	AlertDelete: {scope: EnvironmentScope, roles: managers, does: "delete alerts of this environment"},
	AlertTest:   {scope: EnvironmentScope, roles: managers, does: "test alerts of this environment"},

	LogRead:     {scope: EnvironmentScope, roles: everyone, does: "read logs of this environment"},
	LogReplay:   {scope: EnvironmentScope, roles: builders, does: "replay calls of environments above in this environment"},
	LogReveal:   {scope: EnvironmentScope, roles: revealers, does: "reveal a record of this environment"},
	AuditRead:   {scope: AccountScope, roles: managers, does: "read the audit log"},
	AuditExport: {scope: AccountScope, roles: managers, does: "export the audit log"},

	AuditRetain: {scope: AccountScope, roles: owner, does: "say for how long the audit log is kept"},

	AuditStreamRead:   {scope: AccountScope, roles: owner, does: "see where the audit log is carried"},
	AuditStreamCreate: {scope: AccountScope, roles: owner, does: "have the audit log carried elsewhere"},
	AuditStreamUpdate: {scope: AccountScope, roles: owner, does: "change where the audit log is carried"},
	AuditStreamDelete: {scope: AccountScope, roles: owner, does: "end a stream of the audit log"},
	AuditStreamTest:   {scope: AccountScope, roles: owner, does: "test a stream of the audit log"},
	GatewayCall:       {scope: EnvironmentScope, roles: builders, does: "call routes in this environment"},

	SessionLogin:         {scope: AccountScope, does: "open a session for someone"},
	PasswordResetRequest: {scope: AccountScope, does: "ask for a new password"},
	PasswordReset:        {scope: AccountScope, does: "set a new password with a link"},
	AccountRequest:       {scope: AccountScope, does: "ask for an account"},
	AccountCreate:        {scope: AccountScope, does: "create an account"},
	MemberJoin:           {scope: AccountScope, does: "make somebody a member who was not invited"},
	MemberSync:           {scope: AccountScope, does: "give a member what their groups at the login provider give"},
	RequestRefuse:        {scope: AccountScope, does: "record refusals"},

	SecretTokenRefresh:   {scope: AccountScope, does: "renew tokens"},
	SecretEcho:           {scope: AccountScope, does: "record what upstreams repeat"},
	AuditPrune:           {scope: AccountScope, does: "prune the audit log"},
	EncryptionKeyRotated: {scope: AccountScope, does: "prove that the encryption keys were rotated"},
	SigningKeyRotated:    {scope: AccountScope, does: "renew the key that signs JWTs"},
}
