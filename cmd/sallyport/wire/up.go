package wire

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/sallyport-id/sallyport/agent"
	"github.com/sallyport-id/sallyport/agent/enrol"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/endpoint"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
	"github.com/sallyport-id/sallyport/internal/tenant"
)

// UpConfig says where the three parts live when they share a process.
type UpConfig struct {
	Dir           string // everything is kept here
	ServiceListen string
	HostListen    string
	Names         []string
	Version       string
	Logger        *slog.Logger
}

// AgentFile is the agent's configuration in a site's folder.
const AgentFile = "agent.yaml"

// DefaultHostListen is where the host answers unless told otherwise.
const DefaultHostListen = config.DefaultListen

// Up is a service, a host and an agent in one process.
type Up struct {
	Service *Service
	Host    *endpoint.Host
	Site    Site

	cancel  context.CancelFunc
	working sync.WaitGroup
	failed  chan error
}

// StartUp makes what the folder lacks and starts all three parts. Close ends them.
func StartUp(ctx context.Context, c UpConfig) (_ *Up, err error) {
	ctx, cancel := context.WithCancel(ctx)
	u := &Up{cancel: cancel, failed: make(chan error, 2)}
	defer func() {
		if err != nil {
			u.Close()
		}
	}()
	u.Site = Site{Dir: c.Dir, Listen: c.HostListen, Group: "local"}
	if err := u.Site.Prepare(ctx); err != nil {
		return nil, err
	}
	if err := u.startHost(ctx, c); err != nil {
		return nil, err
	}
	u.Service, err = StartService(ctx, ServiceConfig{
		Data: filepath.Join(c.Dir, "service"), Listen: c.ServiceListen, Names: c.Names, Logger: c.Logger.With("part", "service"),
	})
	if err != nil {
		return nil, err
	}
	return u, u.startAgent(ctx, c)
}

func (u *Up) startHost(ctx context.Context, c UpConfig) error {
	cfg, err := config.Load(filepath.Join(c.Dir, HostFile))
	if err != nil {
		return err
	}
	drivers, end, err := DriversOf(ctx, cfg, c.Logger.With("part", "host"))
	if err == nil {
		u.Host, err = endpoint.Open(cfg, drivers, c.Logger.With("part", "host"))
	}
	if err != nil {
		end()
		return err
	}
	ended := u.work(func() error {
		defer end()
		return u.Host.Run(ctx)
	})
	select {
	case <-u.Host.Listening():
		return nil
	case err := <-ended:
		return err
	}
}

// startAgent enrols the agent at the first start, in this process, and runs it.
func (u *Up) startAgent(ctx context.Context, c UpConfig) error {
	path := filepath.Join(c.Dir, AgentFile)
	if _, err := os.Stat(path); err != nil {
		text := fmt.Sprintf("# The agent: which applications the service may reach through it.\nname: local\ndataDir: agent\napplications:\n  %s: {url: %q, caFile: %q, allowLoopback: true}\n",
			AppID, u.Host.URL(connectorName), u.Host.CertFile())
		if err := atomicfile.Write(path, []byte(text), 0o600); err != nil {
			return fault.Wrap(fault.Internal, "write the agent's configuration", err)
		}
	}
	cfg, err := agent.LoadConfig(path)
	if err != nil {
		return err
	}
	cfg.Version, cfg.Service = c.Version, u.Service.URL
	if _, err := enrol.Load(cfg.DataDir); err != nil {
		if err := u.enrol(ctx, cfg); err != nil {
			return err
		}
	}
	u.work(func() error { return agent.Run(ctx, cfg, c.Logger.With("part", "agent")) })
	return nil
}

func (u *Up) enrol(ctx context.Context, cfg agent.Config) error {
	token, _, err := u.Service.gate.MakeToken(tenant.With(ctx, tenant.Default), u.Site.Group, 0)
	if err != nil {
		return err
	}
	_, err = enrol.Enrol(ctx, enrol.Request{Service: cfg.Service, Token: token, Name: cfg.Name, Dir: cfg.DataDir, Version: cfg.Version, Force: true})
	return err
}

// work runs a part; its end is reported to the channel returned and to Wait.
func (u *Up) work(run func() error) <-chan error {
	ended := make(chan error, 1)
	u.working.Go(func() {
		err := run()
		ended <- err
		if err != nil {
			u.failed <- err
		}
	})
	return ended
}

// Wait returns when ctx ends or a part fails, with the failure.
func (u *Up) Wait(ctx context.Context) error {
	serving := make(chan error, 1)
	go func() { serving <- u.Service.Wait(ctx) }()
	select {
	case err := <-u.failed:
		return err
	case err := <-serving:
		return err
	}
}

// Close ends all parts: first the agent's and the host's work, then the service.
func (u *Up) Close() {
	if u.Service != nil {
		u.Service.Close()
	}
	u.cancel()
	u.working.Wait()
}
