// passing - what Go's channels cost. Beside bench/channel.c, whose words it uses. Usage: PROGRAM
// ITEMS; prints name=number, nanoseconds an item. Start reading at main.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

var received int64

// There and back, unbuffered.
func pingpong(items int) {
	forth, back := make(chan int64), make(chan int64)
	go func() {
		for item := range forth {
			back <- item
		}
		close(back)
	}()
	for i := 0; i < items; i++ {
		forth <- 1
		received += <-back
	}
	close(forth)
	<-back
}

// From `pairs` goroutines to as many others.
func pass(items int, pairs int, room int) {
	channel := make(chan int64, room)
	var senders, receivers sync.WaitGroup
	sums := make([]int64, pairs)
	for i := 0; i < pairs; i++ {
		senders.Add(1)
		receivers.Add(1)
		go func(i int) {
			var sum int64
			for item := range channel {
				sum += item
			}
			sums[i] = sum
			receivers.Done()
		}(i)
		go func() {
			for i := 0; i < items/pairs; i++ {
				channel <- 1
			}
			senders.Done()
		}()
	}
	senders.Wait()
	close(channel)
	receivers.Wait()
	for _, sum := range sums {
		received += sum
	}
}

func measure(name string, threads int, items int, run func()) {
	runtime.GOMAXPROCS(threads)
	start := time.Now()
	run()
	fmt.Printf("go_%s=%.1f\n", name, float64(time.Since(start).Nanoseconds())/float64(items))
}

func main() {
	items, _ := strconv.Atoi(os.Args[1])
	measure("pingpong", 1, items, func() { pingpong(items) })
	measure("buffered", 1, items, func() { pass(items, 1, 128) })
	measure("across", 2, items, func() { pingpong(items) })
	measure("spsc", 2, items, func() { pass(items, 1, 1024) })
	measure("mpmc", 2, items, func() { pass(items, 4, 128) })
	if received != int64(5*items) {
		os.Exit(1)
	}
}
