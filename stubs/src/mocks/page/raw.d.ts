// A file as its text; build.js puts it into the bundle.
declare module '*?raw' {
  const text: string
  export default text
}
