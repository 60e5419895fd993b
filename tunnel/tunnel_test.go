package tunnel_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/sallyport-id/sallyport/tunnel"
	"github.com/sallyport-id/sallyport/tunnel/tunneltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformanceOverMemory(t *testing.T) {
	tunneltest.Run(t, func(t testing.TB, _ tunnel.Address) (tunnel.Carrier, tunnel.Carrier) {
		b := tunneltest.NewBus()
		t.Cleanup(b.Close)
		return b, b
	})
}
