import type { FunctionError } from '../../src/domain/invocation.ts';

/** What seeded functions are called; a second round gets `-2`. */
export const SEED_NAMES = [
  'checkout',
  'resize-image',
  'nightly-report',
  'webhook-github',
  'send-receipt',
  'search-index',
  'geo-lookup',
  'csv-import',
  'fraud-score',
  'session-cleanup',
  'pdf-invoice',
  'price-feed',
  'stock-sync',
  'newsletter',
  'thumbnail',
  'currency-rates',
  'audit-export',
  'sms-gateway',
  'tax-table',
  'image-tags',
] as const;

/** Its lines are those that SEED_NODE_ERROR names. */
export const SEED_CODE = `const PRICES = { pen: 2.5, notebook: 12.5 };

exports.handler = async (event) => {
  console.log('INFO order received');
  const items = event.order?.items ?? 1;
  if (event.fail) priceOf('unknown');
  return { accepted: true, total: items * priceOf('notebook') };
};

function priceOf(item) {
  const price = PRICES[item];
  if (price === undefined) throw new TypeError(\`no price for \${item}\`);
  return price;
}
`;

export const SEED_PYTHON_CODE = `PRICES = {"pen": 2.5, "notebook": 12.5}


def handler(event, context):
    print("INFO order received")
    if event.get("fail"):
        price_of("unknown")
    return {"accepted": True, "total": price_of("notebook")}


def price_of(item):
    return PRICES[item]
`;

export const SEED_NODE_ERROR: readonly FunctionError[] = [
  {
    errorType: 'TypeError',
    errorMessage: 'no price for unknown',
    stackTrace: ['    at priceOf (/var/task/index.js:12:34)', '    at exports.handler (/var/task/index.js:6:19)'],
  },
  {
    errorType: 'WarehouseError',
    errorMessage: 'the warehouse did not answer within 250 ms',
    stackTrace: ['    at exports.handler (/var/task/index.js:7:30)'],
  },
];

export const SEED_PYTHON_ERROR: FunctionError = {
  errorType: 'KeyError',
  errorMessage: "'unknown'",
  stackTrace: [
    '  File "/var/task/index.py", line 7, in handler\n    price_of("unknown")\n',
    '  File "/var/task/index.py", line 12, in price_of\n    return PRICES[item]\n',
  ],
};
