package main

import (
	"context"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	_ "github.com/redpanda-data/connect/v4/public/components/kafka"
)

// Redpanda Connect with no components but the few that bench/peers/connect-arm.ts asks for.
func main() {
	service.RunCLI(context.Background())
}
