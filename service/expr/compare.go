package expr

import (
	"cmp"
	"strings"
	"time"
)

func (c *compare) eval(r *run) (value, error) {
	left, err := c.left.eval(r)
	if err != nil {
		return nil, err
	}
	right, err := c.right.eval(r)
	if err != nil {
		return nil, err
	}
	order, known, err := r.order(left, right)
	if err != nil {
		return nil, &EvalError{Function: c.op, Err: err}
	}
	return holds(c.op, order, known && !empty(left) && !empty(right)), nil
}

// holds applies the operator. Against null or "" there is no order, only equality.
func holds(op string, order int, ordered bool) bool {
	switch op {
	case "=":
		return order == 0
	case "<>":
		return order != 0
	case "<":
		return ordered && order < 0
	case "<=":
		return ordered && order <= 0
	case ">":
		return ordered && order > 0
	}
	return ordered && order >= 0
}

// order compares two values: as dates when one is a date, as numbers when both are, else as text. known is false when the two have no order.
func (r *run) order(a, b value) (order int, known bool, err error) {
	if isDate(a) || isDate(b) {
		return r.orderDates(a, b)
	}
	if n, ok := orderNumbers(a, b); ok {
		return n, true, nil
	}
	return strings.Compare(text(a), text(b)), true, nil
}

func isDate(v value) bool { _, ok := v.(time.Time); return ok }

func (r *run) orderDates(a, b value) (int, bool, error) {
	if empty(a) || empty(b) {
		return -1, false, nil // different from any date, and neither before nor after it
	}
	x, err := r.toDate(a)
	if err != nil {
		return 0, false, err
	}
	y, err := r.toDate(b)
	if err != nil {
		return 0, false, err
	}
	return x.Compare(y), true, nil
}

func orderNumbers(a, b value) (int, bool) {
	x, okX := number(a).(int64)
	y, okY := number(b).(int64)
	if okX && okY {
		return cmp.Compare(x, y), true
	}
	p, q := rational(a), rational(b)
	if p == nil || q == nil {
		return 0, false
	}
	return p.Cmp(q), true
}
