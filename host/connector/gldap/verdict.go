package gldap

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// verdict is what an error means.
type verdict struct {
	kind fault.Kind
	hint string
}

// meanings of result codes (RFC 4511 appendix A).
var meanings = map[int]verdict{
	wire.OperationsError:        {fault.Internal, "the server could not do it in its present state; on Active Directory, log in first (bind)"},
	2:                           {fault.Internal, "the server did not understand the request; look into its log"},
	wire.TimeLimitExceeded:      {fault.Unavailable, "the server's time limit was reached: index the attributes asked for, or raise the limit for this account"},
	wire.SizeLimitExceeded:      {fault.Unavailable, "the server's size limit was reached: raise the limit for this account (OpenLDAP: limits ... size=unlimited), or use smaller pages"},
	7:                           {fault.Unauthenticated, "the server does not take this way of logging in; choose another in the setting bind"},
	wire.StrongerAuthRequired:   {fault.Unauthenticated, "the server wants an encrypted connection or a stronger login: use ldaps:// or tls: starttls"},
	wire.Referral:               {fault.Denied, "this server is not the one that may be written, or does not hold this part of the tree; configure the one it names"},
	wire.AdminLimitExceeded:     {fault.Unavailable, "a limit of the server was reached (389: nsslapd-lookthroughlimit; OpenLDAP: size.unchecked): index the attributes asked for, or raise the limit for this account"},
	wire.UnavailableCritical:    {fault.Unsupported, "the server lacks an extension that was asked for"},
	wire.ConfidentialityNeeded:  {fault.Unauthenticated, "the server wants an encrypted connection: use ldaps:// or tls: starttls"},
	wire.NoSuchAttribute:        {fault.Conflict, "a value to be removed was not there; read the object again"},
	wire.UndefinedType:          {fault.Invalid, "the server's schema has no such attribute, or it cannot be written; correct the mapping"},
	wire.InappropriateMatching:  {fault.Invalid, "the attribute cannot be compared; match by another"},
	wire.ConstraintViolation:    {fault.Invalid, "a rule of the directory forbids the value: its length, its number of values, or the password policy"},
	wire.AttributeOrValueExists: {fault.Conflict, "a value to be added was there already; read the object again"},
	wire.InvalidSyntax:          {fault.Invalid, "the value does not fit the attribute's syntax; correct the mapping"},
	wire.NoSuchObject:           {fault.NotFound, "the object is not there any more, or the account may not see it"},
	wire.InvalidDN:              {fault.Invalid, "the DN is not spelled as it should be; correct the mapping of -dn- or the setting dn"},
	48:                          {fault.Unauthenticated, "the entry that logs in has no password, or nobody may log in anonymously"},
	wire.InvalidCredentials:     {fault.Unauthenticated, "user or password is wrong"},
	wire.InsufficientAccess:     {fault.Denied, "the account lacks the right; see the script of least privileges on the connector's page"},
	wire.Busy:                   {fault.Unavailable, "the server is busy"},
	wire.Unavailable:            {fault.Unavailable, "the server is shutting down, starting, or read-only for now"},
	wire.UnwillingToPerform:     {fault.Invalid, "the server refuses for a reason of its own, given above: a password policy, a protected object, or an unencrypted connection"},
	54:                          {fault.Invalid, "aliases or referrals run in a circle"},
	wire.NamingViolation:        {fault.Invalid, "an object of this class may not have this name or stand at this place; correct the setting dn"},
	wire.ObjectClassViolation:   {fault.Invalid, "the object class wants an attribute that is missing, or does not allow one that is given; correct the mapping, or add an auxiliary class"},
	wire.NotAllowedOnNonLeaf:    {fault.Conflict, "other objects stand below this one; delete them first, or set deleteSubtrees"},
	wire.NotAllowedOnRDN:        {fault.Conflict, "the attribute names the object; it changed its name meanwhile, so read it again"},
	wire.EntryExists:            {fault.Exists, "an object of this name is there already"},
	69:                          {fault.Invalid, "the structural class of an object cannot be changed; delete it and create it anew"},
	71:                          {fault.Unsupported, "the object cannot move to another server or domain"},
	80:                          {fault.Internal, "the server failed for a reason of its own; look into its log"},
	wire.AssertionFailed:        {fault.Conflict, "another object has taken the place of this one; read it again"},
	wire.SyncRefreshRequired:    {fault.Conflict, "the server no longer knows the point of the last delta import; a full import is needed"},
}

// judge says what an error means.
func judge(err error) verdict {
	if r, ok := errors.AsType[*wire.Refused](err); ok {
		return judgeCode(r)
	}
	if lost, ok := errors.AsType[*wire.Lost](err); ok {
		if lost.Sent {
			return verdict{fault.Timeout, "the server may have done it; look before repeating"}
		}
		return verdict{fault.Unavailable, "check that the directory runs"}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return verdict{fault.Unavailable, ""}
	}
	return verdict{fault.Internal, ""}
}

// taken recognises unique values that are enforced beside the DN: OpenLDAP's overlay unique, 389's plug-in, Active Directory.
var taken = regexp.MustCompile(`(?i)not unique|same attribute value already exists|already in use|000021c[78]|uniqueness`)

// adPolicy are the codes of Windows for a password that breaks a rule.
var adPolicy = regexp.MustCompile(`(?i)0000052D|0000056`)

func judgeCode(r *wire.Refused) verdict {
	v, ok := meanings[r.Code]
	if !ok {
		v = verdict{fault.Internal, "the server failed for a reason of its own; look into its log"}
	}
	switch {
	case r.Code == wire.ConstraintViolation && taken.MatchString(r.Message):
		return verdict{fault.Exists, "another object has this value already"}
	case adPolicy.MatchString(r.Message):
		return verdict{fault.Invalid, "the password breaks the domain's policy: too short, too simple, or used before"}
	case r.Code == wire.UnwillingToPerform && strings.Contains(r.Message, "read-only"), r.Code == wire.UnwillingToPerform && strings.Contains(r.Message, "shadow"):
		return verdict{fault.Denied, "this server only has a copy that cannot be written; configure the one that can"}
	case r.Code == wire.Referral && len(r.Referrals) > 0:
		v.hint += ": " + strings.Join(r.Referrals, ", ")
	}
	return v
}

// adLogin are the sub-codes of Windows for a refused login ("data 52e").
var adLogin = map[string]string{
	"525": "the account does not exist", "52e": "user or password is wrong", "530": "the account may not log in at this hour",
	"531": "the account may not log in from here", "532": "the password has expired: set a new one", "533": "the account is disabled: enable it",
	"568": "the account is in too many groups", "701": "the account has expired", "773": "the password must be changed before the first login: set it, and clear 'must change'",
	"775": "the account is locked: unlock it, and look for who tries wrong passwords",
}

var adData = regexp.MustCompile(`data ([0-9a-f]+)`)

func judgeLogin(r *wire.Refused) verdict {
	v := judgeCode(r)
	if m := adData.FindStringSubmatch(strings.ToLower(r.Message)); m != nil && adLogin[m[1]] != "" {
		v.hint = adLogin[m[1]]
	}
	switch r.Code {
	case wire.InvalidCredentials, wire.NoSuchObject, wire.InvalidDN, wire.UnwillingToPerform, wire.ConstraintViolation, wire.InsufficientAccess, wire.InvalidSyntax:
		v.kind = fault.Unauthenticated
	}
	return v
}
