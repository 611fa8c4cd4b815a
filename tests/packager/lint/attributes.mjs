// Attribute lists of playlists: NAME=value,NAME="value",… Each attribute has one form; anything else is a finding.
// draft-pantos-hls-rfc8216bis-22 §4.2

const FORMS = {
  integer: /^\d{1,20}$/,
  float: /^\d+(\.\d+)?$/,
  signed: /^-?\d+(\.\d+)?$/,
  quoted: /^"[^"\r\n]*"$/,
  hex: /^0[xX][0-9A-Fa-f]+$/,
  resolution: /^\d+x\d+$/,
  name: /^[^",\s]+$/,
  yes: /^YES$/,
  yesOrNo: /^(YES|NO)$/,
};

// Per tag: what may stand in it. Those that must are named in REQUIRED.
const KNOWN = {
  'EXT-X-SERVER-CONTROL': {
    'CAN-SKIP-UNTIL': 'float', 'CAN-SKIP-DATERANGES': 'yes', 'HOLD-BACK': 'float', 'PART-HOLD-BACK': 'float',
    'CAN-BLOCK-RELOAD': 'yes',
  },
  'EXT-X-PART-INF': { 'PART-TARGET': 'float' },
  'EXT-X-PART': { URI: 'quoted', DURATION: 'float', INDEPENDENT: 'yes', BYTERANGE: 'quoted', GAP: 'yes' },
  'EXT-X-SKIP': { 'SKIPPED-SEGMENTS': 'integer', 'RECENTLY-REMOVED-DATERANGES': 'quoted' },
  'EXT-X-PRELOAD-HINT': { TYPE: 'name', URI: 'quoted', 'BYTERANGE-START': 'integer', 'BYTERANGE-LENGTH': 'integer' },
  'EXT-X-RENDITION-REPORT': { URI: 'quoted', 'LAST-MSN': 'integer', 'LAST-PART': 'integer' },
  'EXT-X-MAP': { URI: 'quoted', BYTERANGE: 'quoted' },
  'EXT-X-KEY': { METHOD: 'name', URI: 'quoted', IV: 'hex', KEYFORMAT: 'quoted', KEYFORMATVERSIONS: 'quoted', KEYID: 'hex' },
  'EXT-X-START': { 'TIME-OFFSET': 'signed', PRECISE: 'yesOrNo' },
  'EXT-X-DATERANGE': {
    ID: 'quoted', CLASS: 'quoted', 'START-DATE': 'quoted', 'END-DATE': 'quoted', DURATION: 'float',
    'PLANNED-DURATION': 'float', 'SCTE35-CMD': 'hex', 'SCTE35-OUT': 'hex', 'SCTE35-IN': 'hex', 'END-ON-NEXT': 'yes',
  },
  'EXT-X-MEDIA': {
    TYPE: 'name', URI: 'quoted', 'GROUP-ID': 'quoted', LANGUAGE: 'quoted', 'ASSOC-LANGUAGE': 'quoted', NAME: 'quoted',
    DEFAULT: 'yesOrNo', AUTOSELECT: 'yesOrNo', FORCED: 'yesOrNo', 'INSTREAM-ID': 'quoted', CHARACTERISTICS: 'quoted',
    CHANNELS: 'quoted', 'STABLE-RENDITION-ID': 'quoted', 'BIT-DEPTH': 'integer', 'SAMPLE-RATE': 'integer',
  },
  'EXT-X-STREAM-INF': {
    BANDWIDTH: 'integer', 'AVERAGE-BANDWIDTH': 'integer', SCORE: 'float', CODECS: 'quoted', 'SUPPLEMENTAL-CODECS': 'quoted',
    RESOLUTION: 'resolution', 'FRAME-RATE': 'float', 'HDCP-LEVEL': 'name', 'VIDEO-RANGE': 'name',
    'STABLE-VARIANT-ID': 'quoted', AUDIO: 'quoted', VIDEO: 'quoted', SUBTITLES: 'quoted', 'CLOSED-CAPTIONS': 'either',
    'PATHWAY-ID': 'quoted',
  },
};
FORMS.either = /^("[^"\r\n]*"|NONE)$/;

const REQUIRED = {
  'EXT-X-PART-INF': ['PART-TARGET'],
  'EXT-X-PART': ['URI', 'DURATION'],
  'EXT-X-SKIP': ['SKIPPED-SEGMENTS'],
  'EXT-X-PRELOAD-HINT': ['TYPE', 'URI'],
  'EXT-X-RENDITION-REPORT': ['URI'],
  'EXT-X-MAP': ['URI'],
  'EXT-X-KEY': ['METHOD'],
  'EXT-X-DATERANGE': ['ID'],
  'EXT-X-MEDIA': ['TYPE', 'GROUP-ID', 'NAME'],
  'EXT-X-STREAM-INF': ['BANDWIDTH'],
};

const ONE = /^([A-Z0-9-]+)=("[^"\r\n]*"|[^",]*)(,|$)/;

export const hasAttributes = (tag) => tag in KNOWN;

// Values by name, quotes taken off. `report(text)` hears what is wrong.
export function parseAttributes(tag, text, report) {
  const values = {};
  for (let rest = text; rest !== '';) {
    const match = ONE.exec(rest);
    if (!match || (match[3] === ',' && match[0] === rest)) {
      report(`${tag}: no attribute begins at "${rest}"`);
      break;
    }
    const [whole, name, value] = match;
    rest = rest.slice(whole.length);
    judge(tag, name, value, values, report);
    values[name] = value.startsWith('"') ? value.slice(1, -1) : value;
  }
  for (const name of REQUIRED[tag] ?? []) if (!(name in values)) report(`${tag} has no ${name}`);
  return values;
}

function judge(tag, name, value, values, report) {
  if (name in values) report(`${tag}: ${name} stands twice`);
  const form = KNOWN[tag][name] ?? (tag === 'EXT-X-DATERANGE' && name.startsWith('X-') ? null : undefined);
  if (form === undefined) report(`${tag} knows no attribute ${name}`);
  else if (form !== null && !FORMS[form].test(value)) report(`${tag}: ${name}=${value} is not of the form ${form}`);
}

// Decimal seconds as whole microseconds, so that sums are exact.
export const micros = (text) => Math.round(Number(text) * 1e6);
export const decimals = (text) => (text.split('.')[1] ?? '').length;
export const secondsText = (us) => `${(us / 1e6).toFixed(6)} s`;
