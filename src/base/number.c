// Text <-> numbers. Reading is a hot path: digits are taken eight at a time (base/digits.h), and
// doubles are made with integer arithmetic from a table of powers of five, so that strtod is called
// only where 128 bits cannot tell which neighbour is nearer (never in practice for text of up to 19
// digits). Writing goes through snprintf and looks for the shortest text that reads back.
//
// A decimal number is w * 10^q with w of at most 19 digits. Exact ways first: w and 10^|q| that are
// both exact doubles need one multiplication or division, which rounds once (Clinger 1990). Else
// the leading bits of w * 5^q decide (Eisel-Lemire). Text with more digits lies between w and its
// successor; where both round to one double, so does the text.
#include "base/base.h"

#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/digits.h"
#include "base/powers_of_five.h"

// What the text of a floating point number says, before any rounding.
typedef struct Scanned {
    uint64_t digits;   // the first 19 significant digits at most
    int64_t exponent;  // of ten
    bool negative;
    bool truncated;     // digits that are not in `digits` follow
    const char *begin;  // first character after the sign
    const char *mantissa_end;
} Scanned;

bool number_parse_u64(const char *text, size_t len, uint64_t *ret_value)
{
    if (len == 0) {
        return false;
    }
    if (LIKELY(len <= 8)) {
        const uint64_t values = digits_load_right(text, len);
        if (!digits_are_valid(values)) {
            return false;
        }
        *ret_value = digits_value(values);
        return true;
    }
    uint64_t value = 0;
    size_t i = 0;
    while (len - i >= 8) {
        const uint64_t values = digits_load8(text + i) ^ DIGITS_ZEROS;
        if (!digits_are_valid(values) || __builtin_mul_overflow(value, UINT64_C(100000000), &value)
            || __builtin_add_overflow(value, digits_value(values), &value)) {
            return false;
        }
        i += 8;
    }
    for (; i < len; i++) {
        if (!digits_is_digit(text[i]) || __builtin_mul_overflow(value, UINT64_C(10), &value)
            || __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value)) {
            return false;
        }
    }
    *ret_value = value;
    return true;
}

bool number_parse_i64(const char *text, size_t len, int64_t *ret_value)
{
    const bool negative = len > 0 && text[0] == '-';
    uint64_t magnitude;
    if (!number_parse_u64(text + negative, len - negative, &magnitude)) {
        return false;
    }
    if (magnitude > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    *ret_value = (int64_t)(negative ? UINT64_C(0) - magnitude : magnitude);
    return true;
}

// Puts `chunk` behind the digits of *unscaled, where factor is 10 to the chunk's number of digits.
// False where that makes more than 38 digits.
static bool number_append(unsigned __int128 *unscaled, uint64_t factor, uint64_t chunk)
{
    const uint64_t ten19 = UINT64_C(10000000000000000000);
    return !__builtin_mul_overflow(*unscaled, (unsigned __int128)factor, unscaled)
           && !__builtin_add_overflow(*unscaled, (unsigned __int128)chunk, unscaled)
           && *unscaled < (unsigned __int128)ten19 * ten19;
}

bool number_parse_decimal(const char *text, size_t len, int scale, __int128 *ret_unscaled)
{
    assert(scale >= 0 && scale <= 38);
    const uint64_t factor_max = UINT64_C(1000000000000000000);
    const bool negative = len > 0 && text[0] == '-';
    unsigned __int128 unscaled = 0;
    uint64_t chunk = 0;  // up to 18 digits in one register, then appended: 128 bits multiply slowly
    uint64_t factor = 1;
    bool any = false;
    bool in_fraction = false;
    int fraction = 0;
    for (size_t i = negative; i < len; i++) {
        const unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9) {
            if (text[i] != '.' || in_fraction) {
                return false;
            }
            in_fraction = true;
            continue;
        }
        any = true;
        if (in_fraction && fraction++ >= scale) {
            if (digit != 0) {
                return false;
            }
            fraction = scale;
            continue;
        }
        chunk = chunk * 10 + digit;
        factor *= 10;
        if (factor == factor_max) {
            if (!number_append(&unscaled, factor, chunk)) {
                return false;
            }
            chunk = 0;
            factor = 1;
        }
    }
    if (!any || !number_append(&unscaled, factor, chunk)) {
        return false;
    }
    for (; fraction < scale; fraction++) {
        if (!number_append(&unscaled, 10, 0)) {
            return false;
        }
    }
    *ret_unscaled = negative ? -(__int128)unscaled : (__int128)unscaled;
    return true;
}

// Moves over digits and collects them in *value, which may wrap around: the caller counts digits.
static const char *number_scan_digits(const char *at, const char *end, uint64_t *value)
{
    while (end - at >= 8) {
        const uint64_t values = digits_load8(at) ^ DIGITS_ZEROS;
        if (!digits_are_valid(values)) {
            break;
        }
        *value = *value * 100000000 + digits_value(values);
        at += 8;
    }
    for (; at < end && digits_is_digit(*at); at++) {
        *value = *value * 10 + (uint64_t)(*at - '0');
    }
    return at;
}

// Takes the first 19 significant digits again, for text that has more of them.
static void number_scan_many_digits(Scanned *scanned, int64_t written_exponent)
{
    uint64_t digits = 0;
    int taken = 0;
    int64_t exponent = written_exponent;
    bool in_fraction = false;
    bool rest_is_zero = true;
    for (const char *at = scanned->begin; at < scanned->mantissa_end; at++) {
        if (*at == '.') {
            in_fraction = true;
        } else if (taken == 0 && *at == '0') {
            exponent -= in_fraction;
        } else if (taken < 19) {
            digits = digits * 10 + (uint64_t)(*at - '0');
            taken++;
            exponent -= in_fraction;
        } else {
            exponent += !in_fraction;
            rest_is_zero = rest_is_zero && *at == '0';
        }
    }
    scanned->digits = digits;
    scanned->exponent = exponent;
    scanned->truncated = !rest_is_zero;
}

static bool number_scan(const char *text, size_t len, Scanned *ret_scanned)
{
    const char *at = text;
    const char *end = text + len;
    Scanned scanned = {0};
    if (at < end && *at == '-') {
        scanned.negative = true;
        at++;
    }
    scanned.begin = at;
    at = number_scan_digits(at, end, &scanned.digits);
    int64_t digit_count = at - scanned.begin;
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        at = number_scan_digits(at, end, &scanned.digits);
        scanned.exponent = fraction - at;
        digit_count += at - fraction;
    }
    if (digit_count == 0) {
        return false;
    }
    scanned.mantissa_end = at;

    int64_t written_exponent = 0;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        const bool negative = at < end && *at == '-';
        if (at < end && (*at == '-' || *at == '+')) {
            at++;
        }
        if (at == end) {
            return false;
        }
        for (; at < end && digits_is_digit(*at); at++) {
            // Far outside what a double holds, further digits change nothing.
            if (written_exponent < INT64_C(1000000000000)) {
                written_exponent = written_exponent * 10 + (*at - '0');
            }
        }
        if (negative) {
            written_exponent = -written_exponent;
        }
        scanned.exponent += written_exponent;
    }
    if (at != end) {
        return false;
    }
    if (UNLIKELY(digit_count > 19)) {
        number_scan_many_digits(&scanned, written_exponent);
    }
    *ret_scanned = scanned;
    return true;
}

static double number_from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

// The double nearest to w * 10^q, as its bits without the sign; infinity's where it is too large.
// False where the 128 bits of the product do not decide.
static bool number_round(uint64_t w, int64_t q, uint64_t *ret_bits)
{
    const uint64_t infinity = UINT64_C(0x7FF) << 52;
    if (w == 0 || q < POWERS_OF_FIVE_MIN) {
        *ret_bits = 0;
        return true;
    }
    if (q > POWERS_OF_FIVE_MAX) {
        *ret_bits = infinity;
        return true;
    }
    const int shift = __builtin_clzll(w);
    const PowerOfFive *power = &POWERS_OF_FIVE[q - POWERS_OF_FIVE_MIN];
    w <<= shift;
    const unsigned __int128 product = (unsigned __int128)w * power->high;
    uint64_t high = (uint64_t)(product >> 64);
    uint64_t low = (uint64_t)product;
    // The upper word decides unless the bits below the mantissa are all ones: then the lower half
    // of the power may carry into them.
    if ((high & 0x1FF) == 0x1FF) {
        const uint64_t carry = (uint64_t)(((unsigned __int128)w * power->low) >> 64);
        high += __builtin_add_overflow(low, carry, &low);
    }
    if (UNLIKELY(low == UINT64_MAX && (q < -27 || q > 55))) {
        return false;
    }

    const int upper = (int)(high >> 63);
    const int drop = upper + 9;  // leaves 54 bits: 53 and the one that rounds
    uint64_t mantissa = high >> drop;
    // 217706 / 65536 is log2(10), close enough for every q of the table.
    int64_t exponent = ((217706 * q) >> 16) + 63 + upper - shift + 1023;
    if (exponent <= 0) {
        if (1 - exponent >= 64) {
            *ret_bits = 0;
            return true;
        }
        mantissa >>= 1 - exponent;
        mantissa = (mantissa + (mantissa & 1)) >> 1;
        *ret_bits = mantissa;  // rounding up into the smallest normal number sets its exponent bit
        return true;
    }
    // Exactly half way is possible only where 5^|q| fits 64 bits: then the even neighbour.
    if (low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1 && mantissa << drop == high) {
        mantissa &= ~UINT64_C(1);
    }
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    if (mantissa == UINT64_C(1) << 53) {
        mantissa >>= 1;
        exponent++;
    }
    if (exponent >= 0x7FF) {
        *ret_bits = infinity;
        return true;
    }
    *ret_bits = (mantissa & ~(UINT64_C(1) << 52)) | (uint64_t)exponent << 52;
    return true;
}

// The undecided: strtod on a copy that says the same number with at most 800 digits. A double's
// halfway points have fewer than 770; of what is cut off only "more than nothing" matters.
static double number_round_slowly(const Scanned *scanned, int64_t written_exponent)
{
    enum { DIGITS_MAX = 800 };
    char copy[DIGITS_MAX + 64];
    size_t len = 0;
    bool in_fraction = false;
    bool sticky = false;
    int64_t exponent = written_exponent;
    for (const char *at = scanned->begin; at < scanned->mantissa_end; at++) {
        if (*at == '.') {
            in_fraction = true;
        } else if (len == 0 && *at == '0') {
            exponent -= in_fraction;
        } else if (len < DIGITS_MAX) {
            copy[len++] = *at;
            exponent -= in_fraction;
        } else {
            exponent += !in_fraction;
            sticky = sticky || *at != '0';
        }
    }
    if (sticky) {
        copy[len++] = '1';
        exponent--;
    }
    (void)snprintf(copy + len, sizeof(copy) - len, "e%" PRId64, exponent);
    return strtod(copy, NULL);
}

bool number_parse_double(const char *text, size_t len, double *ret_value)
{
    static const double POWERS_OF_TEN[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                           1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                           1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    _Static_assert(FLT_EVAL_METHOD == 0, "one operation must round once, to double");
    Scanned scanned;
    if (!number_scan(text, len, &scanned)) {
        return false;
    }
    double value;
    if (!scanned.truncated && scanned.digits <= UINT64_C(1) << 53 && scanned.exponent >= -22
        && scanned.exponent <= 22) {
        value = (double)scanned.digits;
        if (scanned.exponent < 0) {
            value /= POWERS_OF_TEN[-scanned.exponent];
        } else {
            value *= POWERS_OF_TEN[scanned.exponent];
        }
    } else {
        uint64_t bits;
        uint64_t bits_above;
        bool decided = number_round(scanned.digits, scanned.exponent, &bits);
        if (decided && scanned.truncated) {
            decided = number_round(scanned.digits + 1, scanned.exponent, &bits_above)
                      && bits == bits_above;
        }
        if (LIKELY(decided)) {
            value = number_from_bits(bits);
        } else {
            // The exponent as written, from that of the 19 digits: count back what was cut.
            Scanned again = scanned;
            number_scan_many_digits(&again, 0);
            value = number_round_slowly(&scanned, scanned.exponent - again.exponent);
        }
        if (isinf(value)) {
            return false;
        }
    }
    *ret_value = scanned.negative ? -value : value;
    return true;
}

// Adds one to the last place of "d.ddd" (without exponent). Returns the exponent's change: 1
// after 9.99.
static int number_increment(char *digits, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        if (digits[i] != '9') {
            digits[i]++;
            return 0;
        }
        digits[i] = '0';
    }
    digits[0] = '1';
    return 1;
}

// Lays out digits as d.ddd * 10^exponent: plain where the point is near, else with an exponent.
static size_t number_lay_out(bool negative, const char *digits, size_t count, int exponent,
                             char space[NUMBER_TEXT_SIZE])
{
    size_t len = 0;
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    if (negative) {
        space[len++] = '-';
    }
    if (exponent < -4 || exponent >= 16) {
        space[len++] = digits[0];
        if (count > 1) {
            space[len++] = '.';
            memcpy(space + len, digits + 1, count - 1);
            len += count - 1;
        }
        return len + (size_t)snprintf(space + len, NUMBER_TEXT_SIZE - len, "e%d", exponent);
    }
    if (exponent < 0) {
        space[len++] = '0';
        space[len++] = '.';
        for (int i = -1; i > exponent; i--) {
            space[len++] = '0';
        }
        memcpy(space + len, digits, count);
        len += count;
    } else {
        for (size_t i = 0; i < count || i <= (size_t)exponent; i++) {
            if (i == (size_t)exponent + 1) {
                space[len++] = '.';
            }
            space[len++] = i < count ? digits[i] : '0';
        }
    }
    space[len] = '\0';
    return len;
}

static bool number_reads_back(const char *digits, size_t count, int exponent, double value,
                              bool is_float)
{
    char text[NUMBER_TEXT_SIZE];
    (void)snprintf(text, sizeof(text), "%.*se%d", (int)count, digits, exponent - (int)count + 1);
    // strtof, since going through double would round twice.
    return is_float ? (double)strtof(text, NULL) == value : strtod(text, NULL) == value;
}

// `magnitude` is finite and above 0. Any number of up to `sure` digits survives the way through a
// normal number, so that shorter ones show as zeros at the end; subnormal numbers start at one
// digit.
static size_t number_shortest(bool negative, double magnitude, bool is_float, int first, int last,
                              char space[NUMBER_TEXT_SIZE])
{
    char text[NUMBER_TEXT_SIZE];
    char digits[24];
    for (int count = first;; count++) {
        assert(count <= last);
        (void)snprintf(text, sizeof(text), "%.*e", count - 1, magnitude);
        digits[0] = text[0];
        if (count > 1) {
            memcpy(digits + 1, text + 2, (size_t)count - 1);
        }
        const char *exponent_text = strchr(text, 'e') + 1;
        int exponent = (int)strtol(exponent_text, NULL, 10);
        bool found = number_reads_back(digits, (size_t)count, exponent, magnitude, is_float);
        if (!found) {
            // Below a power of two the numbers lie twice as dense: the nearest text of this length
            // may be below and too far, while the next one above is near enough.
            exponent += number_increment(digits, (size_t)count);
            found = number_reads_back(digits, (size_t)count, exponent, magnitude, is_float);
        }
        if (found || count == last) {
            return number_lay_out(negative, digits, (size_t)count, exponent, space);
        }
    }
}

static size_t number_special_to_text(double value, char space[NUMBER_TEXT_SIZE])
{
    const char *text = isnan(value) ? "nan" : value > 0 ? "inf" : value < 0 ? "-inf" : "0";
    if (value == 0 && signbit(value)) {
        text = "-0";
    }
    const size_t len = strlen(text);
    memcpy(space, text, len + 1);
    return len;
}

size_t number_double_to_text(double value, char space[NUMBER_TEXT_SIZE])
{
    if (!isfinite(value) || value == 0) {
        return number_special_to_text(value, space);
    }
    const double magnitude = fabs(value);
    return number_shortest(signbit(value), magnitude, /* is_float= */ false,
                           magnitude < DBL_MIN ? 1 : DBL_DIG, DBL_DECIMAL_DIG, space);
}

size_t number_float_to_text(float value, char space[NUMBER_TEXT_SIZE])
{
    if (!isfinite(value) || value == 0) {
        return number_special_to_text((double)value, space);
    }
    const float magnitude = fabsf(value);
    return number_shortest(signbit(value), (double)magnitude, /* is_float= */ true,
                           magnitude < FLT_MIN ? 1 : FLT_DIG, FLT_DECIMAL_DIG, space);
}
