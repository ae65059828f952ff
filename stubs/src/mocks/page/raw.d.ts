// The text of a file; build.js adds it to the bundle.
declare module '*?raw' {
  const text: string
  export default text
}
