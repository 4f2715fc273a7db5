/** The build makes a style sheet of the widget the text of a module. */
declare module "*.css" {
  const text: string;
  export default text;
}
