// waiting - goroutines that yield, that begin and end, that wait in great number and that sleep.
// Beside bench/frames.c and bench/million.c. Usage: PROGRAM COUNT FRAMES; prints name=number.
// Start reading at main.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func perRound(count int, run func()) float64 {
	start := time.Now()
	run()
	return float64(time.Since(start).Nanoseconds()) / float64(count)
}

// Two goroutines that yield in turn.
func yield(count int) {
	var group sync.WaitGroup
	for i := 0; i < 2; i++ {
		group.Add(1)
		go func() {
			for i := 0; i < count; i++ {
				runtime.Gosched()
			}
			group.Done()
		}()
	}
	group.Wait()
}

func spawn(count int) {
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		group.Add(1)
		go func() { runtime.Gosched(); group.Done() }()
		group.Wait()
	}
}

func resident() float64 {
	text, _ := os.ReadFile("/proc/self/statm")
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return float64(pages * os.Getpagesize())
}

func cpu() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func wait(frames int) {
	bell := make(chan bool)
	var ready, over sync.WaitGroup
	ready.Add(frames)
	over.Add(frames)
	before := resident()
	start := time.Now()
	for i := 0; i < frames; i++ {
		go func() { ready.Done(); <-bell; over.Done() }()
	}
	ready.Wait()
	fmt.Printf("go_create_us=%.3f\n", time.Since(start).Seconds()*1e6/float64(frames))
	fmt.Printf("go_bytes_each=%.0f\n", (resident()-before)/float64(frames))
	close(bell)
	over.Wait()
}

func sleep(frames int) {
	late := make([]time.Duration, frames)
	var over sync.WaitGroup
	over.Add(frames)
	before := cpu()
	random := uint32(1)
	for i := 0; i < frames; i++ {
		random = random*1664525 + 1013904223
		duration := time.Duration(float64(random) / 4294967296 * 1e9)
		go func(i int) {
			due := time.Now().Add(duration)
			time.Sleep(duration)
			late[i] = time.Since(due)
			over.Done()
		}(i)
	}
	over.Wait()
	used := cpu() - before
	var sum time.Duration
	for _, one := range late {
		sum += one
	}
	fmt.Printf("go_sleep_cpu_s=%.3f\n", used)
	fmt.Printf("go_late_ms=%.3f\n", sum.Seconds()*1e3/float64(frames))
}

func main() {
	count, _ := strconv.Atoi(os.Args[1])
	frames, _ := strconv.Atoi(os.Args[2])
	runtime.GOMAXPROCS(1)
	yield(count / 10)
	fmt.Printf("go_yield=%.2f\n", perRound(count, func() { yield(count) }))
	fmt.Printf("go_suspend=%.2f\n", perRound(count, func() { spawn(count) }))
	if frames > 0 {
		wait(frames)
		runtime.GOMAXPROCS(2)
		sleep(frames)
	}
}
