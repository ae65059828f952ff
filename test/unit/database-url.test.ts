import {expect, test} from 'vitest'
import {parseDatabaseUrl} from '../../src/config/database-url/database-url.js'

test.each([
  ['postgresql://', 'localhost:5432', {}],
  ['postgres:///shop', 'localhost:5432/shop', {PGDATABASE: 'shop'}],
  ['postgresql://ann@db.example', 'db.example:5432', {PGUSER: 'ann', PGHOST: 'db.example'}],
  ['postgresql://:5433', 'localhost:5433', {PGPORT: '5433'}],
  ['postgresql://[::1]:5433/d', '[::1]:5433/d', {PGHOST: '::1', PGPORT: '5433', PGDATABASE: 'd'}],
  ['postgresql://a,b:2/d', 'a:5432,b:2/d', {PGHOST: 'a,b', PGPORT: ',2', PGDATABASE: 'd'}],
  ['postgresql:///d?host=a,b&port=1', 'a:1,b:1/d', {PGHOST: 'a,b', PGPORT: '1', PGDATABASE: 'd'}],
  ['postgresql://%2Frun%2Fpg/d', '/run/pg:5432/d', {PGHOST: '/run/pg', PGDATABASE: 'd'}],
  [
    'postgresql://u:p@/d?host=/run/pg',
    '/run/pg:5432/d',
    {PGUSER: 'u', PGPASSWORD: 'p', PGHOST: '/run/pg', PGDATABASE: 'd'},
  ],
  ['postgresql://x/a?dbname=b', 'x:5432/b', {PGHOST: 'x', PGDATABASE: 'b'}],
  ['postgresql://u:a#b?c:d@x', 'x:5432', {PGUSER: 'u', PGPASSWORD: 'a#b?c:d', PGHOST: 'x'}],
  ['postgresql://u:%40%2F@x', 'x:5432', {PGUSER: 'u', PGPASSWORD: '@/', PGHOST: 'x'}],
  ['postgresql://x?ssl=true&user=', 'x:5432', {PGHOST: 'x', PGSSLMODE: 'require', PGUSER: ''}],
  ['"postgresql://x/d"', 'x:5432/d', {PGHOST: 'x', PGDATABASE: 'd'}],
  ["  'postgresql://x/d'\n", 'x:5432/d', {PGHOST: 'x', PGDATABASE: 'd'}],
  [
    String.raw`host = x password='it\'s \\ "it"' user=a\ b`,
    'x:5432',
    {PGHOST: 'x', PGPASSWORD: String.raw`it's \ "it"`, PGUSER: 'a b'},
  ],
])('%s', (text, name, variables) => {
  expect(parseDatabaseUrl(text)).toMatchObject({name, variables, others: {}, newest: undefined})
})

test('parameters without a variable are kept apart', () => {
  const url = 'postgresql://x?keepalives_idle=30&sslpassword=s&require_auth=scram-sha-256&gssdelegation=1'
  expect(parseDatabaseUrl(url)).toMatchObject({
    variables: {PGHOST: 'x', PGREQUIREAUTH: 'scram-sha-256', PGGSSDELEGATION: '1'},
    others: {keepalives_idle: '30', sslpassword: 's'},
    secrets: ['s'],
    newest: {name: 'gssdelegation', since: 17},
  })
})

test.each([
  ['mysql://x', 'it is not a PostgreSQL URL'],
  ['shop', 'it is not a PostgreSQL URL'],
  ['postgresql://u:a/b@x/d', 'it contains a /, @ or ? that must be encoded'],
  ['postgresql://u:a@b@x/d', 'it contains a /, @ or ? that must be encoded'],
  ['postgresql://u?a:b@x/d', 'it contains a /, @ or ? that must be encoded'],
  ['postgresql://u:a/b?c@x/d', 'it contains a /, @ or ? that must be encoded'],
  ['postgresql://x:none/d', 'a port in it is not a number'],
  ['postgresql://[::1/d', 'an IPv6 address in it has no closing bracket'],
  ['postgresql://x/%zz', 'a % in it is not followed by two hexadecimal digits'],
  ['postgresql://x?host', 'a parameter is not of the form name=value'],
  ['postgresql://x?host=a=b', 'a parameter is not of the form name=value'],
  ["host=x password='secret", 'a parameter is not of the form name=value'],
  ['postgresql://x?colour=red', 'libpq has no parameter "colour"'],
  ['postgresql://x?user=a%0Ab', 'it contains a line break'],
])('%s is refused', (text, why) => {
  expect(() => parseDatabaseUrl(text)).toThrow(`the database URL cannot be used: ${why}`)
})
