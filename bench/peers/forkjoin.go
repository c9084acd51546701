// forkjoin - the fork-join kernels with a goroutine for each call. Beside bench/fib.c and the
// others; usage and output are those of peer.h. Start reading at fib.
package main

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

var size int

func fib(n int) int {
	if n < 2 {
		return n
	}
	var left int
	var group sync.WaitGroup
	group.Add(1)
	go func() { left = fib(n - 1); group.Done() }()
	right := fib(n - 2)
	group.Wait()
	return left + right
}

func skynet(first, count int) int {
	if count == 1 {
		return first
	}
	var sums [10]int
	var group sync.WaitGroup
	group.Add(10)
	for i := 0; i < 10; i++ {
		go func(i int) { sums[i] = skynet(first+i*(count/10), count/10); group.Done() }(i)
	}
	group.Wait()
	total := 0
	for _, sum := range sums {
		total += sum
	}
	return total
}

func queens(down, left, right uint) int {
	all := uint(1)<<size - 1
	if down == all {
		return 1
	}
	var sums [16]int
	var group sync.WaitGroup
	i := 0
	for rest := ^(down | left | right) & all; rest != 0; i++ {
		queen := rest & -rest
		rest -= queen
		group.Add(1)
		go func(i int) {
			sums[i] = queens(down|queen, (left|queen)<<1, (right|queen)>>1)
			group.Done()
		}(i)
	}
	group.Wait()
	total := 0
	for _, sum := range sums {
		total += sum
	}
	return total
}

type node struct {
	state [20]byte
	depth int
}

func child(parent *node, index int) node {
	var message [24]byte
	copy(message[:], parent.state[:])
	binary.BigEndian.PutUint32(message[20:], uint32(index))
	return node{sha1.Sum(message[:]), parent.depth + 1}
}

func children(n *node) int {
	chance := float64(binary.BigEndian.Uint32(n.state[16:])&0x7fffffff) / 2147483648
	if size == 3 {
		if n.depth == 0 {
			return 2000
		}
		if chance < 0.124875 {
			return 8
		}
		return 0
	}
	expected := 4.0
	if n.depth >= 10 {
		return 0
	}
	count := int(math.Floor(math.Log(1-chance) / math.Log(1-1/(1+expected))))
	if count > 100 {
		return 100
	}
	return count
}

func search(parent *node, first, count int) int {
	if count > 1 {
		var right int
		var group sync.WaitGroup
		group.Add(1)
		go func() { right = search(parent, first+count/2, count-count/2); group.Done() }()
		left := search(parent, first, count/2)
		group.Wait()
		return left + right
	}
	n := child(parent, first)
	if below := children(&n); below > 0 {
		return 1 + search(&n, 0, below)
	}
	return 1
}

func value(x float64) float64 { return (x*x + 1) * x }

func area(a, fa, b, fb, whole float64) float64 {
	middle := (a + b) / 2
	fm := value(middle)
	left := (fa + fm) * (middle - a) / 2
	right := (fm + fb) * (b - middle) / 2
	if math.Abs(left+right-whole) <= 1e-9 {
		return left + right
	}
	var first float64
	var group sync.WaitGroup
	group.Add(1)
	go func() { first = area(a, fa, middle, fm, left); group.Done() }()
	second := area(middle, fm, b, fb, right)
	group.Wait()
	return first + second
}

func fibOf(n int) int {
	a, b := 0, 1
	for i := 0; i < n; i++ {
		a, b = b, a+b
	}
	return a
}

// The number of nodes, 0 for a wrong result.
func run(kernel string) int {
	switch kernel {
	case "fib":
		if fib(size) == fibOf(size) {
			return fibOf(size+1) - 1
		}
	case "skynet":
		if skynet(0, size) == size*(size-1)/2 {
			return (10*size - 1) / 9
		}
	case "nqueens":
		ways := queens(0, 0, 0)
		if size == 13 && ways == 73712 {
			return 4674890
		}
		if size == 8 && ways == 92 {
			return 2057
		}
	case "uts":
		seed, expected := byte(19), 4130071
		if size == 3 {
			seed, expected = 42, 4112897
		}
		var message [20]byte
		message[19] = seed
		root := node{sha1.Sum(message[:]), 0}
		if 1+search(&root, 0, children(&root)) == expected {
			return expected
		}
	case "integrate":
		end := float64(size)
		sum := area(0, 0, end, value(end), value(end)*end/2)
		exact := end*end*end*end/4 + end*end/2
		if math.Abs(sum-exact) <= 1e-6*exact {
			return 1
		}
	}
	return 0
}

func main() {
	size, _ = strconv.Atoi(os.Args[2])
	threads, _ := strconv.Atoi(os.Args[3])
	runtime.GOMAXPROCS(threads)
	run(os.Args[1])
	start := time.Now()
	nodes := run(os.Args[1])
	if nodes == 0 {
		fmt.Fprintln(os.Stderr, "no such kernel, or a wrong result")
		os.Exit(1)
	}
	fmt.Printf("seconds=%.6f nodes=%d\n", time.Since(start).Seconds(), nodes)
}
