/** The button 试运行 of the editor's bar; it is all in the page (anling-trial.html). */
module.exports = () => {};
