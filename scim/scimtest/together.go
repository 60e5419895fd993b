package scimtest

import "sync"

// together runs f n times at once and gathers what went wrong.
func (x *exchange) together(n int, f func(x *exchange, i int)) {
	var wg sync.WaitGroup
	each := make([]*exchange, n)
	for i := range n {
		each[i] = &exchange{session: x.session}
		wg.Go(func() { f(each[i], i) })
	}
	wg.Wait()
	for _, e := range each {
		x.why = append(x.why, e.why...)
	}
}
