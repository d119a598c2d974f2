// SPDX-License-Identifier: GPL-2.0
/*
 * unacceptedctl map: which parts of the machine's memory are accepted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

#define MAX_NODES	64
#define MAX_ROWS	16	/* in the terminal, for all nodes together */

/* The image: cells per row, and sizes in pixels. */
#define IMAGE_CELLS	64
#define CELL_WIDTH	10
#define CELL_HEIGHT	14
#define MARGIN		12
#define LABEL_WIDTH	136
#define LINE		20

/**
 * struct node_map - a node's memory, from end to end
 * @node: number of the node
 * @start: first address
 * @end: the address after the last
 * @base: address at which the first chunk begins
 * @cells: a sign for each chunk
 * @count: number of @cells
 */
struct node_map {
	unsigned int node;
	uint64_t start;
	uint64_t end;
	uint64_t base;
	char *cells;
	size_t count;
};

/**
 * struct map - what the module shows
 * @chunk: bytes for each sign
 * @nodes: the nodes to show
 * @nr_nodes: number of @nodes
 */
struct map {
	uint64_t chunk;
	struct node_map nodes[MAX_NODES];
	unsigned int nr_nodes;
};

/* The signs in the module's file, with their colours in an image and in a terminal. */
static const struct sign {
	char sign;
	enum shade shade;
	const char *colour;
	const char *name;
} signs[] = {
	{ '#', SHADE_ACCEPTED, "30;42", "accepted" },
	{ '.', SHADE_UNACCEPTED, "37;44", "unaccepted" },
	{ '+', SHADE_PARTLY, "30;43", "partly" },
	{ '*', SHADE_FLIGHT, "37;45", "in flight" },
	{ '-', SHADE_HOLE, "90", "no RAM" },
	{ '?', SHADE_UNKNOWN, "37;100", "not in the table" },
};

static const struct sign *find_sign(char c)
{
	unsigned int i;

	for (i = 0; i < COUNT(signs); i++)
		if (signs[i].sign == c)
			return &signs[i];
	return &signs[COUNT(signs) - 1];
}

/* The character of the chunk into which two chunks are merged. */
static char merge(char a, char b)
{
	if (a == b || a == '*' || b == '-')
		return a;
	if (b == '*' || a == '-')
		return b;
	if (a == '?')
		return b;
	return b == '?' ? a : '+';
}

static int add_cells(struct node_map *node, const char *cells)
{
	size_t len = strlen(cells);
	char *more = realloc(node->cells, node->count + len + 1);

	if (!more)
		return -ENOMEM;
	memcpy(more + node->count, cells, len + 1);
	node->cells = more;
	node->count += len;
	return 0;
}

/* Parse the file; @wanted is a node, or -1 for all. */
static int parse_map(struct map *map, char *text, int wanted)
{
	unsigned long long chunk, start, end;
	struct node_map *node = NULL;
	unsigned int number;
	char *line, *cells;

	while ((line = strsep(&text, "\n"))) {
		if (sscanf(line, "chunk_bytes %llu", &chunk) == 1) {
			map->chunk = chunk;
		} else if (sscanf(line, "node %u %llx %llx", &number, &start, &end) == 3) {
			node = NULL;
			if (map->nr_nodes == MAX_NODES ||
			    (wanted >= 0 && number != (unsigned int)wanted))
				continue;
			node = &map->nodes[map->nr_nodes++];
			node->node = number;
			node->start = start;
			node->end = end;
		} else {
			cells = strchr(line, ' ');
			if (!node || !cells)
				continue;
			if (!node->count)
				node->base = strtoull(line, NULL, 16);
			if (add_cells(node, cells + 1))
				return -ENOMEM;
		}
	}
	return map->chunk ? 0 : -EINVAL;
}

static void free_map(struct map *map)
{
	unsigned int i;

	for (i = 0; i < map->nr_nodes; i++)
		free(map->nodes[i].cells);
}

static unsigned int count_rows(const struct map *map, unsigned int cells)
{
	unsigned int i, rows = 0;

	for (i = 0; i < map->nr_nodes; i++)
		rows += (map->nodes[i].count + cells - 1) / cells;
	return rows;
}

/* Merge neighbours until at most @rows of @columns are left. */
static void shrink(struct map *map, unsigned int columns, unsigned int rows)
{
	struct node_map *node;
	unsigned int i;
	size_t from;
	char *cells;

	if (rows < map->nr_nodes)
		rows = map->nr_nodes;
	while (count_rows(map, columns) > rows) {
		map->chunk *= 2;
		for (i = 0; i < map->nr_nodes; i++) {
			node = &map->nodes[i];
			cells = node->cells;
			/* No line followed its heading: its memory has just gone offline. */
			if (!cells)
				continue;
			/* After an odd last sign comes the end of the text. */
			for (from = 0; from < node->count; from += 2)
				cells[from / 2] = cells[from + 1] ?
					merge(cells[from], cells[from + 1]) : cells[from];
			node->count = (node->count + 1) / 2;
			cells[node->count] = '\0';
		}
	}
}

static void print_sign(char c, bool colours)
{
	if (colours)
		printf("\033[%sm%c\033[0m", find_sign(c)->colour, c);
	else
		putchar(c);
}

static void print_address(const char *before, uint64_t address)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
	printf("%s%13s ", before, text);
}

static void print_rows(const struct node_map *node, uint64_t chunk, unsigned int cells,
		       bool colours)
{
	size_t at;

	for (at = 0; at < node->count; at++) {
		if (!(at % cells))
			print_address(at ? "\n" : "", node->base + at * chunk);
		print_sign(node->cells[at], colours);
	}
	if (node->count)
		putchar('\n');
}

static void print_map(struct map *map, unsigned int width)
{
	bool colours = term_colours(STDOUT_FILENO);
	unsigned int cells = 8, i;

	/* The address takes 14 columns. */
	while (cells * 2 <= width - 14)
		cells *= 2;
	shrink(map, cells, MAX_ROWS);
	for (i = 0; i < map->nr_nodes; i++) {
		const struct node_map *node = &map->nodes[i];

		printf("node %u  0x%llx-0x%llx, one character is %s\n", node->node,
		       (unsigned long long)node->start, (unsigned long long)node->end,
		       size_text(map->chunk));
		print_rows(node, map->chunk, cells, colours);
	}
	for (i = 0; i < COUNT(signs); i++) {
		print_sign(signs[i].sign, colours);
		printf(" %s%s", signs[i].name, i < COUNT(signs) - 1 ? "  " : "\n");
	}
}

static void print_json(const struct map *map)
{
	struct json json = { .to = stdout };
	unsigned int i;

	json_open(&json, NULL, '{');
	json_number(&json, "chunk_bytes", map->chunk);
	json_open(&json, "nodes", '[');
	for (i = 0; i < map->nr_nodes; i++) {
		json_open(&json, NULL, '{');
		json_number(&json, "node", map->nodes[i].node);
		json_number(&json, "start", map->nodes[i].start);
		json_number(&json, "end", map->nodes[i].end);
		json_string(&json, "map", map->nodes[i].cells ?: "");
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_close(&json, '}');
}

/* Draws a row, with one rectangle for each run of equal signs. */
static void draw_row(struct canvas *canvas, const struct node_map *node, size_t at,
		     unsigned int y)
{
	size_t end = at + IMAGE_CELLS < node->count ? at + IMAGE_CELLS : node->count;
	unsigned int x = MARGIN + LABEL_WIDTH, run;

	for (; at < end; at += run, x += run * CELL_WIDTH) {
		for (run = 1; at + run < end && node->cells[at + run] == node->cells[at]; run++)
			;
		canvas_rect(canvas, x, y, run * CELL_WIDTH, CELL_HEIGHT - 1,
			    find_sign(node->cells[at])->shade);
	}
}

static void draw(struct canvas *canvas, const struct map *map)
{
	unsigned int y = MARGIN, x = MARGIN, i;
	char text[128];
	size_t at;

	for (i = 0; i < map->nr_nodes; i++) {
		const struct node_map *node = &map->nodes[i];

		snprintf(text, sizeof(text), "node %u, a cell is %s", node->node,
			 size_text(map->chunk));
		canvas_text(canvas, MARGIN, y, text);
		y += LINE;
		for (at = 0; at < node->count; at += IMAGE_CELLS) {
			snprintf(text, sizeof(text), "0x%llx",
				 (unsigned long long)(node->base + at * map->chunk));
			canvas_text(canvas, MARGIN, y + 1, text);
			draw_row(canvas, node, at, y);
			y += CELL_HEIGHT;
		}
		y += LINE / 2;
	}
	for (i = 0; i < COUNT(signs); i++) {
		canvas_rect(canvas, x, y, CELL_WIDTH, CELL_HEIGHT - 4, signs[i].shade);
		canvas_text(canvas, x + CELL_WIDTH + 4, y, signs[i].name);
		x += CELL_WIDTH + 4 + 8 * strlen(signs[i].name) + 16;
	}
}

static int draw_map(struct map *map, const char *path)
{
	struct canvas canvas;
	int error;

	shrink(map, IMAGE_CELLS, 4 * MAX_ROWS);
	error = canvas_open(&canvas, path,
			    2 * MARGIN + LABEL_WIDTH + IMAGE_CELLS * CELL_WIDTH,
			    2 * MARGIN + count_rows(map, IMAGE_CELLS) * CELL_HEIGHT +
			    map->nr_nodes * (LINE + LINE / 2) + LINE);
	if (!error) {
		draw(&canvas, map);
		error = canvas_close(&canvas);
	}
	return error ? fail(CTL_FAILED, "%s: %s", path, strerror(-error)) : CTL_OK;
}

/**
 * struct wish - the options of the command line
 * @json: print JSON
 * @path: file of the image; NULL for none
 * @node: the only node to show; -1 for all
 * @width: width of the text, in columns; 0 for that of the terminal
 */
struct wish {
	bool json;
	const char *path;
	int node;
	unsigned int width;
};

static int parse(int argc, char **argv, struct wish *wish)
{
	static const struct option options[] = {
		{ "svg", required_argument, NULL, 's' },
		{ "node", required_argument, NULL, 'N' },
		{ "width", required_argument, NULL, 'w' },
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	unsigned int number;
	int option;

	while ((option = getopt_long(argc, argv, "s:N:w:j", options, NULL)) >= 0) {
		if (option == 's') {
			wish->path = optarg;
		} else if (option == 'j') {
			wish->json = true;
		} else if (option == 'N') {
			if (parse_number(optarg, 0, 65535, &number))
				return command_usage(&cmd_map, "--node: '%s' is not a number",
						     optarg);
			wish->node = number;
		} else if (option != 'w') {
			return command_usage(&cmd_map, NULL);
		} else if (parse_number(optarg, 40, 10000, &wish->width)) {
			return command_usage(&cmd_map,
					     "--width: '%s' is not a number of columns of at least 40",
					     optarg);
		}
	}
	if (optind < argc)
		return command_usage(&cmd_map, "unexpected argument '%s'", argv[optind]);
	return CTL_OK;
}

static int show(struct map *map, const struct wish *wish)
{
	if (!map->nr_nodes)
		return command_usage(&cmd_map, "there is no such node here");
	if (wish->path)
		return draw_map(map, wish->path);
	if (wish->json)
		print_json(map);
	else
		print_map(map, wish->width ?: term_columns(STDOUT_FILENO));
	return CTL_OK;
}

static int map_run(int argc, char **argv)
{
	struct wish wish = { .node = -1 };
	struct map map = { };
	int code = parse(argc, argv, &wish), error;
	char *text;

	if (code)
		return code;
	if (need_module())
		return CTL_NO_MODULE;
	text = file_load(DBG "map", &error);
	if (!text) {
		if (error == -ENOENT && !file_exists(DBG))
			return fail(CTL_UNSUPPORTED, "debugfs is not mounted at /sys/kernel/debug");
		return fail_errno(error, "debugfs map");
	}
	error = parse_map(&map, text, wish.node);
	free(text);
	if (error)
		code = fail(CTL_FAILED, "debugfs map: %s", strerror(-error));
	else
		code = show(&map, &wish);
	free_map(&map);
	return code;
}

const struct command cmd_map = {
	.name = "map",
	.summary = "a picture of physical memory: what is accepted, what is not",
	.run = map_run,
	.help =
		"usage: unacceptedctl map [--node N] [--width COLUMNS] [--json]\n"
		"       unacceptedctl map [--node N] --svg FILE\n\n"
		"A character for each chunk of memory, in colours if the terminal has them and NO_COLOR is\n"
		"not set. Chunks are made larger until the picture fits; their smallest size is in\n"
		"/sys/kernel/unaccepted/map_chunk_bytes. Reads debugfs: usually as root.\n\n"
		"  -N, --node N          only this node\n"
		"  -w, --width COLUMNS   40 or more (that of the terminal)\n"
		"  -s, --svg FILE        write an SVG image; - for standard output\n"
		"  -j, --json            print JSON: a character for each chunk\n\n"
		"examples:\n"
		"  unacceptedctl map\n"
		"  unacceptedctl map --svg map.svg\n"
		"  unacceptedctl map --svg - --node 0 >node0.svg\n",
};
