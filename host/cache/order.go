package cache

const orderBlock = 256

// order counts the live rows in blocks of 256 row numbers as a Fenwick tree, to find the n-th live row quickly.
type order struct {
	tree []uint32 // tree[i-1] covers the blocks (i - lowest bit of i, i]
}

// grow makes room for row.
func (o *order) grow(row uint32) {
	for len(o.tree) <= int(row)/orderBlock {
		i := len(o.tree) + 1
		sum := uint32(0)
		for j := i - 1; j > i-i&-i; j -= j & -j {
			sum += o.tree[j-1]
		}
		o.tree = append(o.tree, sum)
	}
}

func (o *order) add(row uint32, by int32) {
	for i := int(row)/orderBlock + 1; i <= len(o.tree); i += i & -i {
		o.tree[i-1] += uint32(by)
	}
}

// block returns the block that holds the n-th live row (from 0) and how many live rows come before that block.
func (o *order) block(n int) (block, before int) {
	step := 1
	for step*2 <= len(o.tree) {
		step *= 2
	}
	for ; step > 0; step /= 2 {
		if i := block + step; i <= len(o.tree) && before+int(o.tree[i-1]) <= n {
			block = i
			before += int(o.tree[i-1])
		}
	}
	return block, before
}
