package expr

// numberFunctions work on whole numbers.
func numberFunctions() []*builtin {
	return []*builtin{
		define("BitAnd(value1:Integer, value2:Integer)", "The bits that both numbers have.", onIntegers(func(a, b int64) int64 { return a & b })),
		define("BitOr(value1:Integer, value2:Integer)", "The bits that either number has.", onIntegers(func(a, b int64) int64 { return a | b })).extended(),
		define("CNum(source)", "The source as a number.", evalCNum).extended(),
	}
}

// extended marks a function from a related product.
func (f *builtin) extended() *builtin {
	f.Dialect = "extended"
	return f
}

func onIntegers(f func(a, b int64) int64) func(*run, *call) (value, error) {
	return func(r *run, c *call) (value, error) {
		a, err := r.integer(c, 0)
		if err != nil {
			return nil, err
		}
		b, err := r.integer(c, 1)
		if err != nil {
			return nil, err
		}
		return f(a, b), nil
	}
}

func evalCNum(r *run, c *call) (value, error) {
	v, err := r.arg(c, 0)
	if err != nil {
		return nil, err
	}
	n := number(v)
	if n == nil {
		return nil, r.bad(v, "is not a number")
	}
	return n, nil
}
