# The front door. Each verb installs what it needs (tools/deps.sh), and does nothing twice.
#
#   make            build the program: build/src/weir
#   make demo       the whole story on a private server, in some minutes
#   make test       every test; the last line is "N passed, N failed"
#   make unit | integration [ARGS="-k name"]
#   make asan | tsan                unit tests under sanitizers (FULL=1: the integration tests too)
#   make fuzz [SECONDS=60]          each fuzz target for so long
#   make bench                      weir against others
#   make format | format-check | layers
#   make install [PREFIX=/usr/local] [DESTDIR=]
#   make clean | deps

BUILD ?= build
PREFIX ?= /usr/local
ARGS ?=
FULL ?=
SECONDS ?= 60
MESON_ARGS ?=
DEPS = tools/deps.sh
SOURCES = $$(find src tests bench -name '*.[ch]')
export PYTHONDONTWRITEBYTECODE = 1

.PHONY: all demo test unit integration asan tsan fuzz bench format format-check layers install clean deps

all:
	@$(DEPS) build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix $(PREFIX) $(MESON_ARGS)
	@ninja -C $(BUILD)

demo:
	@$(DEPS) build mariadb test
	@$(MAKE) --no-print-directory all
	@WEIR=$(abspath $(BUILD))/src/weir demo/run.sh

test:
	@$(DEPS) build servers test
	@$(MAKE) --no-print-directory all
	@tools/test.py --build $(BUILD) unit integration -- $(ARGS)

unit: all
	@tools/test.py --build $(BUILD) unit

integration:
	@$(DEPS) build servers test
	@$(MAKE) --no-print-directory all
	@tools/test.py --build $(BUILD) integration -- $(ARGS)

# The program and the tests are built with the sanitizers; DuckDB's library is not.
build-asan/build.ninja:
	meson setup build-asan -Ddebug=true -Doptimization=1 -Db_sanitize=address,undefined $(MESON_ARGS)

build-tsan/build.ninja:
	meson setup build-tsan -Ddebug=true -Doptimization=1 -Db_sanitize=thread $(MESON_ARGS)

asan tsan:
	@$(DEPS) build $(if $(FULL),servers test)
	@$(MAKE) --no-print-directory build-$@/build.ninja
	@ninja -C build-$@
	@tools/test.py --build build-$@ unit $(if $(FULL),integration -- $(ARGS))

fuzz:
	@$(DEPS) build lint
	@test -f build-fuzz/build.ninja || CC=clang meson setup build-fuzz -Dfuzz=true -Dtests=false -Ddebug=true \
		-Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false $(MESON_ARGS)
	@ninja -C build-fuzz
	@tools/fuzz.sh build-fuzz $(SECONDS)

bench:
	@$(DEPS) build servers bench
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) bench/run.sh $(ARGS)

format:
	@$(DEPS) lint
	@clang-format -i $(SOURCES)

format-check:
	@$(DEPS) lint
	@clang-format --dry-run -Werror $(SOURCES)

layers:
	@$(DEPS) build
	@tools/layers.py

# Does not look for dependencies again: under sudo the cache would be another user's.
install:
	@test -x $(BUILD)/src/weir || $(MAKE) --no-print-directory all
	@if [ "$$(meson introspect $(BUILD) --buildoptions | python3 -c 'import json, sys; print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')" != "$(PREFIX)" ]; \
		then meson configure $(BUILD) -Dprefix=$(PREFIX) && ninja -C $(BUILD); fi
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(DESTDIR))

clean:
	@rm -rf build build-asan build-tsan build-fuzz build-clang

deps:
	@$(DEPS) build servers test lint
