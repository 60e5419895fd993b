package inbound_test

import (
	"testing"

	"github.com/sallyport-id/sallyport/scim/scimtest"
)

func TestSuite(t *testing.T) {
	s := newSite(t)
	scimtest.Suite(t, s.url+"default", s.token, nil)
}
