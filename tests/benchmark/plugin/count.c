// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A TCG plugin that counts every executed instruction of the guest's kernel by
 * its address, between marks that a program in the guest sets.
 *
 *	-plugin count.so,out=FILE
 *
 * A mark is the seven-byte nop `nopl disp32(%rax)` with disp32 = 0x0e10xxyy:
 * yy is the number of a phase, xx is 0 for its begin and 1 for its end.  At
 * each end the plugin appends to FILE
 *
 *	whole NUMBER USER STRETCH
 *	ADDRESS COUNT
 *	...
 *	longest NUMBER USER STRETCH
 *	ADDRESS COUNT
 *	...
 *
 * which is, for the whole phase and for its longest stretch without a hlt, the
 * number of instructions in user space and those of the kernel by address.  The
 * stretch, the STRETCHth from 0, leaves out what else happens while a load waits
 * for its start or end.
 *
 * At each mark the plugin writes a line `bench: begin|end NUMBER` to QEMU's log,
 * and at each hlt between them `bench: halt NUMBER`, so that trace events there can
 * be told apart too.
 *
 * One vCPU only: the counts of a phase must be of one line of events.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

#define HLT		0xf4
#define MARK_SIZE	7
#define MARK_OPCODE	"\x0f\x1f\x80"
#define MARK_MAGIC	0x0e10
#define PHASES		256

/* Distinct kernel instructions that one run may execute; a boot needs 0.7 M. */
#define SLOTS		(4u << 20)
/* The hash from address to slot, a power of two well above SLOTS. */
#define BUCKETS		(16u << 20)

#define KERNEL_START	0xffff800000000000ull

/* Slot 0 counts all of user space, slot 1 everything, the others one address each. */
#define USER_SLOT	0
#define TOTAL_SLOT	1
#define FIRST_SLOT	2

int qemu_plugin_version = PLUGIN_API_VERSION;

static struct qemu_plugin_scoreboard *board;
static uint64_t *address_of;	/* by slot */
static uint32_t *bucket;	/* slot, or 0 */
static uint32_t used = FIRST_SLOT;
static uint64_t *before;	/* the counts at the begin of the phase */
static uint64_t *woken;		/* ... at the begin of this stretch */
static uint64_t *longest;	/* the counts of the longest stretch so far */
static uint64_t longest_total;
static unsigned int stretch, longest_stretch;
static int phase = -1;
static FILE *out;

static void fail(const char *message)
{
	fprintf(stderr, "count plugin: %s\n", message);
	exit(1);
}

static uint32_t slot_of(uint64_t address)
{
	uint32_t at = (address * 0x9e3779b97f4a7c15ull) >> 40;

	if (address < KERNEL_START)
		return USER_SLOT;
	for (;; at++) {
		at &= BUCKETS - 1;
		if (!bucket[at]) {
			if (used == SLOTS)
				fail("too many distinct instructions");
			address_of[used] = address;
			bucket[at] = used++;
			return bucket[at];
		}
		if (address_of[bucket[at]] == address)
			return bucket[at];
	}
}

/* Everything so far; kept up by block, so it may run a few instructions ahead. */
static uint64_t total(const uint64_t *now)
{
	return now[TOTAL_SLOT];
}

static void stretch_begins(const uint64_t *now)
{
	/* Slots used later are 0 in it already. */
	memcpy(woken, now, used * sizeof(*now));
}

static void stretch_ends(const uint64_t *now)
{
	uint32_t slot;

	if (total(now) - total(woken) <= longest_total)
		return;
	longest_total = total(now) - total(woken);
	longest_stretch = stretch;
	for (slot = 0; slot < used; slot++)
		longest[slot] = now[slot] - woken[slot];
}

static void tell(const char *what)
{
	char line[64];

	snprintf(line, sizeof(line), "bench: %s %d\n", what, phase);
	qemu_plugin_outs(line);
}

static void report(const char *kind, const uint64_t *now, const uint64_t *then)
{
	uint32_t slot;

	fprintf(out, "%s %d %" PRIu64 " %u\n", kind, phase, now[USER_SLOT] - (then ? then[USER_SLOT] : 0),
		longest_stretch);
	for (slot = FIRST_SLOT; slot < used; slot++) {
		uint64_t count = now[slot] - (then ? then[slot] : 0);

		if (count)
			fprintf(out, "%" PRIx64 " %" PRIu64 "\n", address_of[slot], count);
	}
	fflush(out);
}

static void mark(unsigned int vcpu, void *data)
{
	const uint64_t *now = qemu_plugin_scoreboard_find(board, vcpu);
	bool end = (uintptr_t)data & PHASES;

	if (!end) {
		phase = (uintptr_t)data & (PHASES - 1);
		memcpy(before, now, SLOTS * sizeof(*before));
		memset(longest, 0, SLOTS * sizeof(*longest));
		longest_total = 0;
		stretch = 0;
		stretch_begins(now);
		tell("begin");
	} else if (phase >= 0) {
		stretch_ends(now);
		report("whole", now, before);
		report("longest", longest, NULL);
		tell("end");
		phase = -1;
	}
}

static void halts(unsigned int vcpu, void *data)
{
	const uint64_t *now = qemu_plugin_scoreboard_find(board, vcpu);

	if (phase < 0)
		return;
	stretch_ends(now);
	stretch++;
	stretch_begins(now);
	tell("halt");
}

static void translated(struct qemu_plugin_tb *tb, void *data)
{
	size_t count = qemu_plugin_tb_n_insns(tb), i;
	qemu_plugin_u64 all = { board, TOTAL_SLOT * sizeof(uint64_t) };

	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, all, count);
	for (i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		qemu_plugin_u64 entry = { board, slot_of(address) * sizeof(uint64_t) };
		uint8_t code[MARK_SIZE];
		uint32_t disp;
		size_t size;

		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64,
								    entry, 1);
		size = qemu_plugin_insn_data(insn, code, sizeof(code));
		if (address >= KERNEL_START) {
			if (size == 1 && code[0] == HLT)
				qemu_plugin_register_vcpu_insn_exec_cb(insn, halts, QEMU_PLUGIN_CB_NO_REGS, NULL);
			continue;
		}
		if (size != MARK_SIZE || memcmp(code, MARK_OPCODE, 3))
			continue;
		memcpy(&disp, code + 3, sizeof(disp));
		if (disp >> 16 == MARK_MAGIC)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, QEMU_PLUGIN_CB_NO_REGS,
							       (void *)(uintptr_t)(disp & 0xffff));
	}
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info,
				      int argc, char **argv)
{
	if (!info->system_emulation || info->system.smp_vcpus != 1) {
		fprintf(stderr, "count plugin: this needs a system with one vCPU\n");
		return -1;
	}
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "count plugin: usage: count.so,out=FILE\n");
		return -1;
	}
	out = fopen(argv[0] + 4, "w");
	board = qemu_plugin_scoreboard_new(SLOTS * sizeof(uint64_t));
	address_of = calloc(SLOTS, sizeof(*address_of));
	before = calloc(SLOTS, sizeof(*before));
	bucket = calloc(BUCKETS, sizeof(*bucket));
	woken = calloc(SLOTS, sizeof(*woken));
	longest = calloc(SLOTS, sizeof(*longest));
	if (!out || !board || !address_of || !bucket || !before || !woken || !longest) {
		perror("count plugin");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
	return 0;
}
