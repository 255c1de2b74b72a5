// What every page loads: moving figures, the gallery, and names for blocks of code.
// Each script directly in assets/ becomes one classic script of the site, with all that it imports:
// Chromium refuses modules on file://.

import "./ui/stepper.js";
import "./ui/moving-pictures.js";
import "./ui/gallery.js";
import "./ui/landmarks.js";
