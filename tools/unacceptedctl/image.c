// SPDX-License-Identifier: GPL-2.0
/*
 * Pictures without libraries: rectangles and text as SVG, or as pixels in a PNG
 * whose data is stored, not compressed.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

/* A glyph has 3 x 5 pixels of this size, and a column of space. */
#define PIXEL		2
#define GLYPH_WIDTH	(4 * PIXEL)

static const uint8_t palette[NR_SHADES][3] = {
	[SHADE_ACCEPTED] = { 0x2e, 0x9e, 0x5b },
	[SHADE_UNACCEPTED] = { 0x3b, 0x6f, 0xb6 },
	[SHADE_PARTLY] = { 0xe3, 0xb3, 0x41 },
	[SHADE_FLIGHT] = { 0xd6, 0x4f, 0x8b },
	[SHADE_HOLE] = { 0xe4, 0xe4, 0xe4 },
	[SHADE_UNKNOWN] = { 0x8a, 0x8a, 0x8a },
	[SHADE_PAPER] = { 0xff, 0xff, 0xff },
	[SHADE_INK] = { 0x22, 0x22, 0x22 },
};

/* Five rows of three pixels: an octal digit for each. */
static const uint16_t digits[] = {
	075557, 026227, 071747, 071717, 055711, 074717, 074757, 071111, 075757, 075717,
};

static const uint16_t letters[] = {
	025755, 065656, 034443, 065556, 074647, 074644, 034553, 055755, 072227, 011152,
	055655, 044447, 057755, 065555, 025552, 065644, 025563, 065655, 034216, 072222,
	055557, 055552, 055775, 055255, 055222, 071247,
};

static uint16_t glyph(char c)
{
	if (isdigit(c))
		return digits[c - '0'];
	if (isalpha(c))
		return letters[toupper(c) - 'A'];
	return c == '-' ? 000700 : c == ',' ? 000024 : c == '.' ? 000002 : c == '=' ? 007070 : 0;
}

/**
 * canvas_open - begin a picture
 * @canvas: to be filled
 * @path: of the file; "-" for stdout
 * @png: or SVG
 * @width: in pixels
 * @height: in pixels
 *
 * Return: 0 or -errno.
 */
int canvas_open(struct canvas *canvas, const char *path, bool png, unsigned int width,
		unsigned int height)
{
	memset(canvas, 0, sizeof(*canvas));
	canvas->width = width;
	canvas->height = height;
	if (png) {
		canvas->pixels = malloc((size_t)width * height);
		if (!canvas->pixels)
			return -ENOMEM;
		memset(canvas->pixels, SHADE_PAPER, (size_t)width * height);
	}
	canvas->to = strcmp(path, "-") ? fopen(path, "w") : stdout;
	if (!canvas->to) {
		free(canvas->pixels);
		return -errno;
	}
	if (png)
		return 0;
	fprintf(canvas->to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" font-family=\"monospace\" font-size=\"12\">\n",
		width, height);
	canvas_rect(canvas, 0, 0, width, height, SHADE_PAPER);
	return 0;
}

/**
 * canvas_rect - fill a rectangle
 * @canvas: on which
 * @x: from the left
 * @y: from the top
 * @width: of it; all of it must be on the canvas
 * @height: of it
 * @shade: with what
 */
void canvas_rect(struct canvas *canvas, unsigned int x, unsigned int y, unsigned int width,
		 unsigned int height, enum shade shade)
{
	unsigned int row;

	if (!canvas->pixels) {
		fprintf(canvas->to,
			"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"#%02x%02x%02x\"/>\n",
			x, y, width, height, palette[shade][0], palette[shade][1],
			palette[shade][2]);
		return;
	}
	for (row = y; row < y + height; row++)
		memset(canvas->pixels + (size_t)row * canvas->width + x, shade, width);
}

/**
 * canvas_text - write a text of letters, digits and a few signs
 * @canvas: on which
 * @x: from the left
 * @y: of its upper edge
 * @text: is cut off at the edge
 */
void canvas_text(struct canvas *canvas, unsigned int x, unsigned int y, const char *text)
{
	unsigned int i;

	if (!canvas->pixels) {
		fprintf(canvas->to, "<text x=\"%u\" y=\"%u\" fill=\"#222222\">%s</text>\n", x,
			y + 5 * PIXEL, text);
		return;
	}
	for (; *text && x + GLYPH_WIDTH <= canvas->width; text++, x += GLYPH_WIDTH)
		for (i = 0; i < 15; i++)
			if (glyph(*text) >> (14 - i) & 1)
				canvas_rect(canvas, x + i % 3 * PIXEL, y + i / 3 * PIXEL, PIXEL,
					    PIXEL, SHADE_INK);
}

static void put32(uint8_t *to, uint32_t value)
{
	to[0] = value >> 24;
	to[1] = value >> 16;
	to[2] = value >> 8;
	to[3] = value;
}

static uint32_t crc32(const uint8_t *data, size_t len)
{
	uint32_t crc = ~0U;
	int bit;

	while (len--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* @data has room for the name in front, and for the checksum behind. */
static void write_chunk(FILE *to, const char *name, uint8_t *data, size_t len)
{
	uint8_t head[4];

	put32(head, len);
	memcpy(data, name, 4);
	put32(data + 4 + len, crc32(data, 4 + len));
	fwrite(head, 1, sizeof(head), to);
	fwrite(data, 1, 4 + len + 4, to);
}

/* One row as a block of its own: stored, its length, and that inverted. */
static uint8_t *store_row(uint8_t *to, const uint8_t *row, unsigned int width, bool last,
			  uint32_t adler[2])
{
	unsigned int len = width + 1, i;

	*to++ = last;
	*to++ = len;
	*to++ = len >> 8;
	*to++ = ~len;
	*to++ = ~len >> 8;
	*to = 0;	/* the row's filter: none */
	memcpy(to + 1, row, width);
	for (i = 0; i < len; i++) {
		adler[0] = (adler[0] + to[i]) % 65521;
		adler[1] = (adler[1] + adler[0]) % 65521;
	}
	return to + len;
}

static int write_pixels(const struct canvas *canvas)
{
	size_t size = (size_t)canvas->height * (canvas->width + 6) + 32;
	uint32_t adler[2] = { 1, 0 };
	uint8_t *data = malloc(size), *to = data;
	unsigned int y;

	if (!data)
		return -ENOMEM;
	to += 4;
	*to++ = 0x78;	/* zlib: a window of 32K */
	*to++ = 0x01;
	for (y = 0; y < canvas->height; y++)
		to = store_row(to, canvas->pixels + (size_t)y * canvas->width, canvas->width,
			       y == canvas->height - 1, adler);
	put32(to, adler[1] << 16 | adler[0]);
	write_chunk(canvas->to, "IDAT", data, to + 4 - (data + 4));
	free(data);
	return 0;
}

static int write_png(const struct canvas *canvas)
{
	/* 8 bits a pixel, which are an index into the palette. */
	uint8_t head[4 + 13 + 4] = { [4 + 8] = 8, [4 + 9] = 3 };
	uint8_t colours[4 + sizeof(palette) + 4], end[8];
	int error;

	fwrite("\x89PNG\r\n\x1a\n", 1, 8, canvas->to);
	put32(head + 4, canvas->width);
	put32(head + 8, canvas->height);
	write_chunk(canvas->to, "IHDR", head, 13);
	memcpy(colours + 4, palette, sizeof(palette));
	write_chunk(canvas->to, "PLTE", colours, sizeof(palette));
	error = write_pixels(canvas);
	write_chunk(canvas->to, "IEND", end, 0);
	return error;
}

/**
 * canvas_close - write what there is to write, and close the file
 * @canvas: from canvas_open()
 *
 * Return: 0 or -errno.
 */
int canvas_close(struct canvas *canvas)
{
	int error = 0;

	if (canvas->pixels)
		error = write_png(canvas);
	else
		fputs("</svg>\n", canvas->to);
	free(canvas->pixels);
	if (ferror(canvas->to))
		error = -EIO;
	if (canvas->to == stdout ? fflush(stdout) : fclose(canvas->to))
		error = -errno;
	return error;
}
