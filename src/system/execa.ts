// The part of execa that this program uses. The build bundles this module with execa and what it needs, because they
// are 130 files, which take longer to load than all others of a command together.
export {execa, type Options} from 'execa'
