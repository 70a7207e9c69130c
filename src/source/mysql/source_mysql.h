// The source for MySQL and its family: MariaDB, Percona Server, RDS, PolarDB.
#pragma once

#include "source/source.h"

extern const SourceOps source_mysql_ops;
