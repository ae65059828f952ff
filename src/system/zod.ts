// The parts of zod that this program uses. The build bundles this module with zod, which takes 8 MB installed and
// loads a hundred files; what is not named here is left out of the bundle.
export {
  array,
  boolean,
  enum,
  int,
  ipv4,
  iso,
  literal,
  object,
  string,
  url,
  type infer,
  type ZodType,
} from 'zod'
