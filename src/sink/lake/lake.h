// The lake sink: rows into Parquet files of a Delta table, made visible by one commit.
#pragma once

#include "sink/sink.h"

extern const SinkOps sink_lake;
