package main

import (
	"fmt"
	"net/netip"
	"os"

	"akari/handlers"
)

// robotsOf is our own list of robots and what links.robots_file adds.
func robotsOf(c Config) (handlers.Robots, error) {
	list := handlers.NewRobots()
	if c.Links.RobotsFile == "" {
		return list, nil
	}
	f, err := os.Open(c.Links.RobotsFile)
	if err != nil {
		return list, fmt.Errorf("links.robots_file cannot be read: %w", err)
	}
	defer f.Close()
	if err := list.Add(f, c.Links.RobotsFile); err != nil {
		return list, fmt.Errorf("links.robots_file: %w", err)
	}
	return list, nil
}

// proxies are the networks whose X-Forwarded-For is believed.
func proxies(c Config) (out []netip.Prefix) {
	for _, p := range c.Server.TrustedProxies {
		if prefix, err := netip.ParsePrefix(p); err == nil {
			out = append(out, prefix.Masked())
		} else if ip, err := netip.ParseAddr(p); err == nil { // one host
			out = append(out, netip.PrefixFrom(ip, ip.BitLen()))
		}
	}
	return out
}
