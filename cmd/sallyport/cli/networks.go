package cli

import (
	"net/netip"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
)

// networks is a flag that takes addresses and networks, separated by commas or given several times.
type networks []netip.Prefix

// String lists them.
func (p *networks) String() string {
	words := make([]string, len(*p))
	for i, x := range *p {
		words[i] = x.String()
	}
	return strings.Join(words, ",")
}

// Type names the kind of value in help texts.
func (p *networks) Type() string { return "network" }

// Set adds to the list.
func (p *networks) Set(text string) error {
	for word := range strings.SplitSeq(text, ",") {
		word = strings.TrimSpace(word)
		if at, err := netip.ParseAddr(word); err == nil {
			*p = append(*p, netip.PrefixFrom(at.Unmap(), at.Unmap().BitLen()))
			continue
		}
		x, err := netip.ParsePrefix(word)
		if err != nil {
			return fault.New(fault.Invalid, "read the network", "%q is neither an address nor a network", word).WithHint("write 10.0.0.7, or 10.0.0.0/8")
		}
		*p = append(*p, x.Masked())
	}
	return nil
}
